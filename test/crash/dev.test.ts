import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { DistriClient, type JsonObject } from '../../src/client/index.js';
import { removeFolder, run as command, start, stop, workFolder, type Command } from '../cli/support.js';
import { readCalls, TOOLS, until, work } from './support.js';

interface Dev {
  readonly process: Command;
  readonly client: DistriClient;
}

let folder: string;
let dev: Dev;

afterEach(async () => {
  await dev.client.close();
  await stop(dev.process);
  await removeFolder(folder);
});

async function startDev(): Promise<Dev> {
  const process = await start(['dev', '--json', '--tools', TOOLS], { cwd: folder, env: { CRASH_LEDGER: join(folder, 'ledger') } });
  const { temporal } = JSON.parse(await process.until('stdout', /\n/)) as { temporal: string };
  return { process, client: await DistriClient.connect({ address: temporal }) };
}

const documents: (JsonObject & { id: string })[] = [
  { id: 'works', steps: [work('first'), work('long', { gate: 'gate' }), work('last')] },
  { id: 'waits', steps: [work('first'), { id: 'ask', kind: { type: 'wait_for_input', message: 'Well?' } }] },
  { id: 'blocks', steps: [work('first'), work('copy', {}, { requires: [{ skill: 'google:drive' }] })] },
];

test('runs go on when dev is killed and starts again: one in the middle of a step, one that waits, one that is blocked', async () => {
  folder = await workFolder({ ledger: '' });
  const calls = () => readCalls(join(folder, 'ledger'));
  const status = async (id: string) => (await dev.client.getRun(id).snapshot()).status;
  dev = await startDev();
  for (const document of documents) await dev.client.start(document, { runId: document.id });
  await until('the long step runs', async () => (await calls()).some((call) => call.step === 'long'));
  await until('a run waits', async () => (await status('waits')) === 'paused');
  await until('a run is blocked', async () => (await status('blocks')) === 'blocked');

  dev.process.child.kill('SIGKILL');
  await Promise.all([dev.process.ended, dev.client.close()]);
  dev = await startDev();
  const statuses = [];
  for (const { id } of documents) statuses.push(await until(`${id} is seen again`, () => status(id)));
  expect(statuses).toEqual(['running', 'paused', 'blocked']);
  const answered = () => dev.client.getRun('waits').answer('ask', { fine: true }, { updateId: 'once' }).then(() => true);
  await until('the answer is taken', answered);
  expect(await command(['connections', 'add', 'google:drive', '--env', 'USER_NAME=kim'], { cwd: folder })).toMatchObject({ code: 0 });
  await writeFile(join(folder, 'gate'), '');

  for (const id of ['works', 'waits', 'blocks']) {
    const end = await dev.client.getRun(id).result();
    const firsts = (await calls()).filter((call) => call.run === id && call.step === 'first');
    expect(end.status).toBe('completed');
    expect(firsts).toHaveLength(1);
    expect(end.steps['first']).toMatchObject({ attempts: 1, result: { mark: firsts[0]?.mark } });
  }
  expect((await calls()).filter((call) => call.step === 'long').map((call) => call.attempt)).toEqual([1, 2]);
  expect((await calls()).filter((call) => call.step === 'last')).toHaveLength(1);
}, 300_000);
