import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunSnapshot } from '../../src/definition/snapshot.js';
import { removeFolder, run, startDev, startOnTerminal, stop, workFolder } from './support.js';

const HOLD = {
  id: 'hold',
  version: 7,
  on_failure: 'hold',
  steps: [
    { id: 'fix', context: false, kind: { type: 'script', command: 'exit 1' } },
    { id: 'after', kind: { type: 'checkpoint', message: 'fine' } },
  ],
};

let folder: string;
let dev: Awaited<ReturnType<typeof startDev>>;
const ours = (...args: string[]) => run(args, { cwd: folder });

beforeAll(async () => {
  folder = await workFolder({ 'hold.json': HOLD });
  dev = await startDev(folder);
});
afterAll(async () => {
  await stop(dev);
  await removeFolder(folder);
});

test('a run that holds exits 3 when nobody can be asked, and goes on when it is retried', async () => {
  const held = await ours('run', 'hold.json', '--run-id', 'one', '--json');
  expect(held.code).toBe(3);
  expect(JSON.parse(held.stdout) as RunSnapshot).toMatchObject({ status: 'paused', paused: { by: 'failure' }, steps: { fix: { held: true } } });
  expect(held.stderr).toContain('it holds for a failed step');
  expect(held.stderr).toContain('distri-workflow runs retry one fix');
  expect(await ours('runs', 'retry', 'one', 'after')).toMatchObject({ code: 2, stderr: expect.stringContaining('STEP_NOT_HELD') as string });
  expect(JSON.parse((await ours('runs', 'retry', 'one', '--json')).stdout)).toEqual({ run_id: 'one', retried: ['fix'] });
  const given = await startOnTerminal(['runs', 'watch', 'one'], { cwd: folder });
  await given.until('stdout', /the run holds for it/);
  expect((await ours('runs', 'resume', 'one')).code).toBe(0);
  expect((await given.ended).code).toBe(1);
  expect(await ours('runs', 'pause', 'one')).toMatchObject({ code: 2, stderr: expect.stringContaining('RUN_ENDED') as string });
});

test('many runs are changed only when somebody says so', async () => {
  for (const id of ['two', 'three']) expect((await ours('run', 'hold.json', '--run-id', id)).code).toBe(3);
  expect(await ours('runs', 'cancel')).toMatchObject({ code: 2, stderr: expect.stringContaining('--all') as string });
  expect(await ours('runs', 'cancel', 'two', '--all')).toMatchObject({ code: 2, stderr: expect.stringContaining('not both') as string });
  expect(await ours('runs', 'cancel', '--workflow', 'hold')).toMatchObject({ code: 2, stderr: expect.stringContaining('Cancel 2 runs?') as string });
  const asked = await startOnTerminal(['runs', 'cancel', '--workflow', 'hold'], { cwd: folder });
  await asked.until('stdout', /Cancel 2 runs\?/);
  asked.child.stdin.write('n\r');
  expect((await asked.ended).code).toBe(0);
  const listed = JSON.parse((await ours('runs', 'list', '--status', 'paused', '--workflow-version', '7', '--json')).stdout) as { run_id: string }[];
  expect(listed.map(({ run_id }) => run_id).sort()).toEqual(['three', 'two']);
  const skipped = await ours('runs', 'skip', 'two', 'fix', '--result', '{"by":"hand"}');
  expect(skipped.code).toBe(0);
  expect((await ours('runs', 'watch', 'two')).code).toBe(0);
  const canceled = await ours('runs', 'cancel', '--workflow', 'hold', '--status', 'paused', '--yes', '--json');
  expect(canceled.code).toBe(0);
  expect((JSON.parse(canceled.stdout) as { done: string[] }).done).toContain('three');
  expect((await ours('runs', 'watch', 'three')).code).toBe(1);
  const again = await ours('runs', 'cancel', 'three');
  expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('Run three has ended already, as canceled') as string });
  expect(JSON.parse((await ours('runs', 'cancel', 'two', '--json')).stdout)).toEqual({ run_id: 'two', cancel_requested: false, status: 'completed' });
  expect((await ours('runs', 'terminate', 'two')).stderr).toContain('Run two has ended already, as completed');
});
