/**
 * Records the histories that test/replay.test.ts replays, into test/histories/<version>. Needs a build. Names of cases
 * as arguments record only those, and not the catalogue.
 */
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { pino } from 'pino';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, URL } from 'node:url';
import { startEmbedded } from '../dist/cli/embedded.js';
import { DistriClient } from '../dist/client/index.js';
import { createWorker, defineTool } from '../dist/worker/index.js';
import { cases } from './history-cases.mjs';

const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
const folder = new URL(`../test/histories/${version}/`, import.meta.url);
const ENDED = new Set(['completed', 'failed', 'canceled']);

const tools = [
  defineTool({ name: 'echo', execute: (input) => ({ ...input, n: input.n ?? 0 }) }),
  defineTool({ name: 'slow', execute: ({ ms }, { signal }) => sleep(ms, 'slept', { signal }) }),
  defineTool({
    name: 'breaks',
    execute: () => {
      throw new Error('It broke');
    },
  }),
  defineTool({ name: 'keep', execute: () => 'kept' }),
  defineTool({
    name: 'stumbles',
    execute: ({ at }, { index, attempt }) => {
      if (index === at && attempt === 1) throw new Error(`Element ${index} stumbled`);
      return { index, attempt };
    },
  }),
  defineTool({
    name: 'fails-at',
    execute: ({ at }, { index }) => {
      if (index === at) throw new Error(`Element ${index} fails`);
      return index;
    },
  }),
];

/** Answers with JSON, with a model's turn, and under /private only to who has the right token. */
async function serveWeb() {
  const web = createServer((request, response) => {
    const refused = request.url === '/private' && request.headers.authorization !== 'right';
    const turn = { choices: [{ index: 0, message: { role: 'assistant', content: '{"hello":"Kim"}' }, finish_reason: 'stop' }] };
    const answer = request.url.endsWith('/chat/completions') ? turn : { n: 7, list: [{ id: 'a', name: 'A' }, { id: 'b', name: 'B' }] };
    response.writeHead(refused ? 401 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(refused ? { error: 'no' } : answer));
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  return { url: `http://127.0.0.1:${web.address().port}`, close: () => web.close() };
}

/** The connections of the recording, and how a case adds one. */
function connectionsOf(client) {
  const connections = new Map();
  const lacking = new Map();
  const get = async (skill) => {
    const lack = lacking.get(skill);
    if (lack) lack.looks += 1;
    return lack?.at.includes(lack.looks) ? undefined : connections.get(skill);
  };
  return {
    source: { get, list: async () => [...connections.values()] },
    lacks: (skill, at) => lacking.set(skill, { at, looks: 0 }),
    connect: async (skill, token = 'right') => {
      const revision = String(connections.size + 1) + token;
      const headers = { authorization: token };
      connections.set(skill, { skill, revision, permissions: [], env: { USER_NAME: 'kim' }, secrets: {}, headers, hosts: ['127.0.0.1'] });
      await client.connectionsChanged([skill]);
    },
  };
}

async function record(name, client, stage) {
  const { document, start, before, drive, open, also = {} } = cases[name];
  await before?.(stage);
  const run = await client.start(document, { ...start?.(stage), runId: name });
  const handle = client.temporal.workflow.getHandle(name);
  const { runId: first } = await handle.describe();
  const until = async (what, look) => {
    for (const deadline = Date.now() + 30_000; ; await sleep(50)) {
      const snapshot = await run.snapshot();
      if (look(snapshot)) return;
      if (Date.now() > deadline || ENDED.has(snapshot.status)) throw new Error(`${name} is not ${what}: ${JSON.stringify(snapshot)}`);
    }
  };
  await drive?.({
    ...stage,
    client,
    run,
    continued: async () => {
      while ((await handle.describe()).runId === first) await sleep(50);
    },
    waits: (id, index) => until(`${id} ${index}`, ({ steps }) => steps[id].items?.waiting?.some((element) => element.index === index)),
    became: (status) => until(status, (snapshot) => snapshot.status === status),
    stepIs: (id, status) => until(`${id} ${status}`, (snapshot) => snapshot.steps[id].status === status),
  });
  const outcome = open ? 'open' : await run.result().then(() => 'completed', (error) => error.snapshot?.error ?? error.message);
  await save(name, client, name);
  for (const [other, { run: workflowId = name, execution }] of Object.entries(also)) await save(other, client, workflowId, execution && first);
  return outcome;
}

/** Stack traces name the folder of whoever records: what is left is the path in the repository. */
function withoutPaths(json) {
  const root = JSON.stringify(fileURLToPath(new URL('../', import.meta.url))).slice(1, -1);
  return json.replaceAll(`file://${root}`, '').replaceAll(root, '');
}

async function save(name, client, workflowId, execution) {
  const history = await client.temporal.workflow.getHandle(workflowId, execution).fetchHistory();
  await writeFile(new URL(`${name}.json`, folder), `${withoutPaths(historyToJSON(history))}\n`);
}

async function main() {
  const chosen = process.argv.slice(2);
  await mkdir(folder, { recursive: true });
  const server = await startEmbedded({ memory: true, ui: false });
  const web = await serveWeb();
  const connection = await Connection.connect({ address: server.address });
  const client = DistriClient.fromClient(new Client({ connection, identity: 'recorder' }));
  const { source, connect, lacks } = connectionsOf(client);
  const worker = await createWorker({
    address: server.address,
    identity: 'recording-worker',
    logger: pino({ level: 'silent' }),
    connections: source,
    model: { baseUrl: `${web.url}/v1`, model: 'small' },
    tools,
  });
  const running = worker.run();
  try {
    for (const name of chosen.length > 0 ? chosen : Object.keys(cases)) {
      process.stdout.write(`${name}: ${await record(name, client, { url: web.url, connect, lacks })}\n`);
    }
    if (chosen.length === 0) await save('catalogue', client, `${client.queuePrefix}-catalogue`);
  } finally {
    await worker.shutdown();
    await running;
    await client.close();
    await connection.close();
    web.close();
    await server.stop();
  }
}

await main();
