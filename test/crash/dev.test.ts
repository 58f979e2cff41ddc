import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { DistriClient, type RunSnapshot } from '../../src/client/index.js';
import { removeFolder, run as command, start, stop, workFolder, type Command } from '../cli/support.js';
import { readCalls, TOOLS, until, work } from './support.js';

let folder: string;
let dev: (Command & { temporal: string }) | undefined;

afterEach(async () => {
  if (dev) await stop(dev);
  await removeFolder(folder);
});

async function startDev(): Promise<Command & { temporal: string }> {
  const started = await start(['dev', '--json', '--tools', TOOLS], { cwd: folder, env: { CRASH_LEDGER: join(folder, 'ledger') } });
  const line = await started.until('stdout', /\n/);
  return { ...started, temporal: (JSON.parse(line) as { temporal: string }).temporal };
}

async function result(address: string, id: string): Promise<RunSnapshot> {
  const client = await DistriClient.connect({ address });
  try {
    return await client.getRun(id).result();
  } finally {
    await client.close();
  }
}

test('runs go on when dev is killed and starts again: one in the middle of a step, one that waits, one that is blocked', async () => {
  folder = await workFolder({
    ledger: '',
    'works.json': { id: 'works', steps: [work('first'), work('long', { gate: 'gate' }, { depends_on: ['first'] }), work('last', {}, { depends_on: ['long'] })] },
    'waits.json': { id: 'waits', steps: [work('first'), { id: 'ask', kind: { type: 'wait_for_input', message: 'Well?' } }] },
    'blocks.json': { id: 'blocks', steps: [work('first'), work('copy', {}, { requires: [{ skill: 'google:drive' }] })] },
  });
  const cli = (...args: string[]) => command(args, { cwd: folder });
  const calls = () => readCalls(join(folder, 'ledger'));
  const status = async (id: string) => (JSON.parse((await cli('runs', 'show', id, '--json')).stdout) as RunSnapshot).status;
  dev = await startDev();
  for (const id of ['works', 'waits', 'blocks']) expect(await cli('run', `${id}.json`, '--detach', '--run-id', id)).toMatchObject({ code: 0 });
  await until('the long step runs', async () => (await calls()).some((call) => call.step === 'long'));
  await until('a run waits', async () => (await status('waits')) === 'paused');
  await until('a run is blocked', async () => (await status('blocks')) === 'blocked');

  dev.child.kill('SIGKILL');
  await dev.ended;
  dev = await startDev();
  expect([await status('works'), await status('waits'), await status('blocks')]).toEqual(['running', 'paused', 'blocked']);
  expect(await cli('runs', 'answer', 'waits', 'ask', '{"fine":true}')).toMatchObject({ code: 0 });
  expect(await cli('connections', 'add', 'google:drive', '--env', 'USER_NAME=kim')).toMatchObject({ code: 0 });
  await writeFile(join(folder, 'gate'), '');

  for (const id of ['works', 'waits', 'blocks']) {
    const end = await result(dev.temporal, id);
    const firsts = (await calls()).filter((call) => call.run === id && call.step === 'first');
    expect(end.status).toBe('completed');
    expect(firsts).toHaveLength(1);
    expect(end.steps['first']).toMatchObject({ attempts: 1, result: { mark: firsts[0]?.mark } });
  }
  const long = (await calls()).filter((call) => call.step === 'long');
  expect(long.map((call) => call.attempt)).toEqual([1, 2]);
  expect((await calls()).filter((call) => call.step === 'last')).toHaveLength(1);
}, 150_000);
