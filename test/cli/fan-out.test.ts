import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunSnapshot } from '../../src/definition/snapshot.js';
import { removeFolder, run, startDev, startOnTerminal, stop, workFolder } from './support.js';

const ask = (id: string, schema: object = { type: 'string' }) => ({ id, kind: { type: 'wait_for_input', message: 'Well?', schema } });
const inner = { id: 'inner', steps: [ask('ask'), { id: 'said', kind: { type: 'checkpoint', message: 'Said {steps.ask}' } }], output: '{steps.said.message}' };
const outer = { id: 'outer', steps: [{ id: 'in', kind: { type: 'workflow', definition: inner } }], output: '{steps.in}' };
const CHILD = { id: 'parent', steps: [{ id: 'child', label: 'Child', kind: { type: 'workflow', definition: inner } }] };
const NESTED = { id: 'nested', steps: [{ id: 'kids', for_each: { items: [1, 2] }, kind: { type: 'workflow', definition: outer } }] };
const EACH = {
  id: 'each-asks',
  steps: [
    { ...ask('each'), label: 'Each', for_each: { items: [1, 2, 3] } },
    { ...ask('each[0]'), execution: 'parallel' },
  ],
};
const FAIL = {
  id: 'each-fails',
  on_failure: 'hold',
  steps: [{ id: 'each', for_each: { items: [0, 1, 1] }, input: {}, kind: { type: 'script', command: 'exit $1', args: ['{item}'] } }],
};

let folder: string;
let dev: Awaited<ReturnType<typeof startDev>>;
const ours = (...args: string[]) => run(args, { cwd: folder });
const snapshotOf = (text: string) => JSON.parse(text) as RunSnapshot;

beforeAll(async () => {
  folder = await workFolder({ 'child.json': CHILD, 'nested.json': NESTED, 'each.json': EACH, 'fail.json': FAIL });
  dev = await startDev(folder);
});
afterAll(async () => {
  await stop(dev);
  await removeFolder(folder);
});

describe('answers', () => {
  test('for a step are for each of its elements, but for those that are named, and for the step that is called like one', async () => {
    const ended = await ours('run', 'each.json', '--answer', 'each="all"', '--answer', 'each[1]="one"', '--answer', 'each[0]="step"', '--json');
    expect(ended.code).toBe(0);
    expect(snapshotOf(ended.stdout).steps).toMatchObject({ each: { result: ['all', 'one', 'all'] }, 'each[0]': { result: 'step' } });
  });

  test('for steps of children, of all elements and of one', async () => {
    const ended = await ours('run', 'nested.json', '--answer', 'kids/in/ask="all"', '--answer', 'kids[1]/in/ask="one"', '--json');
    expect(ended.code).toBe(0);
    expect(snapshotOf(ended.stdout).steps).toMatchObject({ kids: { result: ['Said all', 'Said one'] } });
  });
});

describe('with nobody to ask', () => {
  test('a run whose child waits exits 3 and names the command that answers it', async () => {
    const waiting = await ours('run', 'child.json', '--run-id', 'parent');
    expect(waiting.code).toBe(3);
    expect(waiting.stderr).toContain(`distri-workflow runs answer parent/child ask '"your answer"'`);
    expect(await ours('runs', 'answer', 'parent', 'child', '1')).toMatchObject({ code: 2, stderr: expect.stringContaining("step 'ask' of run 'parent/child'") as string });
    expect((await ours('runs', 'show', 'parent')).stdout).toContain('distri-workflow runs show parent/child');
    expect((await ours('runs', 'show', 'parent/child')).stdout).toContain('started by parent');
    expect((await ours('runs', 'answer', 'parent/child', 'ask', '"yes"')).code).toBe(0);
    expect(await ours('runs', 'watch', 'parent')).toMatchObject({ code: 0, stdout: '"Said yes"\n' });
    const children = JSON.parse((await ours('runs', 'list', '--parent', 'parent', '--json')).stdout) as { run_id: string; parent_run_id: string }[];
    expect(children).toMatchObject([{ run_id: 'parent/child', parent_run_id: 'parent' }]);
  });

  test('one of which some elements have answers exits 3 for the others, which can be answered and skipped by position', async () => {
    const waiting = await ours('run', 'each.json', '--run-id', 'each', '--answer', 'each[1]="one"', '--json');
    expect(waiting.code).toBe(3);
    expect(waiting.stderr).toContain(`distri-workflow runs answer each 'each[2]' '"your answer"'`);
    expect(snapshotOf(waiting.stdout).steps.each).toMatchObject({ items: { done: 1, waiting: [{ index: 0 }, { index: 2 }] } });
    expect(await ours('runs', 'answer', 'each', 'each', '"x"')).toMatchObject({ code: 2, stderr: expect.stringContaining('Elements of it wait: each[0], each[2]') as string });
    expect(await ours('runs', 'answer', 'each', 'each[1]', '"x"')).toMatchObject({ code: 2, stderr: expect.stringContaining("'each', element 1,") as string });
    expect((await ours('runs', 'answer', 'each', 'each[0]', '"the step"')).code).toBe(0);
    expect((await ours('runs', 'answer', 'each', 'each', '"zero"', '--index', '0')).code).toBe(0);
    expect((await ours('runs', 'skip', 'each', 'each[2]', '--result', '"skipped"')).code).toBe(0);
    const ended = await ours('runs', 'watch', 'each', '--json');
    expect(snapshotOf(ended.stdout).steps).toMatchObject({ each: { result: ['zero', 'one', 'skipped'] }, 'each[0]': { result: 'the step' } });
  });

  test('one that holds for elements names the commands, which run one or all of them again', async () => {
    const held = await ours('run', 'fail.json', '--run-id', 'held');
    expect(held.code).toBe(3);
    expect(held.stderr).toContain("distri-workflow runs retry held 'each[1]'");
    expect(held.stderr).toContain('distri-workflow runs retry held each   (all 2)');
    expect(await ours('runs', 'retry', 'held', 'each[0]')).toMatchObject({ code: 2, stderr: expect.stringContaining("element 0 of step 'each'") as string });
    expect((await ours('runs', 'retry', 'held', '--json')).stdout).toBe('{"run_id":"held","retried":["each"]}\n');
    await expect.poll(async () => snapshotOf((await ours('runs', 'show', 'held', '--json')).stdout).steps.each?.items, { timeout: 60_000 }).toMatchObject({ failed: 2 });
    for (const element of ['each[1]', 'each[2]']) expect((await ours('runs', 'skip', 'held', element, '--result', '{"by":"hand"}')).code).toBe(0);
    expect((await ours('runs', 'watch', 'held')).code).toBe(0);
  });
});

describe('on a terminal', () => {
  test('asks for each element, with its position', async () => {
    const command = await startOnTerminal(['run', 'each.json', '--answer', 'each[0]="step"'], { cwd: folder });
    for (const index of [0, 1, 2]) {
      await command.until('stdout', new RegExp(`Each \\[${index}\\].*Well\\?[^]*Your answer`));
      command.child.stdin.write(`a${index}\r`);
    }
    const { code, stdout } = await command.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/✓ Each .*3\/3/);
  });

  test('asks for the step of a child, and answers on its run', async () => {
    const command = await startOnTerminal(['run', 'child.json'], { cwd: folder });
    await command.until('stdout', /Child \/ ask.*Well\?[^]*Your answer/);
    command.child.stdin.write('indeed\r');
    const { code, stdout } = await command.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('Said indeed');
  });
});

describe('workflows of a folder', () => {
  test('run by their id, and are checked for what they run', async () => {
    const flows = await workFolder({ 'a.json': { id: 'a', steps: [{ id: 'x', kind: { type: 'workflow', workflow_id: 'b' } }] }, 'b.json': { ...inner, id: 'b' } });
    const ended = await run(['run', 'b', '--workflows', flows, '--answer', 'ask="yes"'], { cwd: folder });
    expect(ended).toMatchObject({ code: 0, stdout: '"Said yes"\n' });
    expect(await run(['run', 'c', '--workflows', flows], { cwd: folder })).toMatchObject({ code: 2, stderr: expect.stringContaining('It has: a, b.') as string });
    expect((await run(['validate', join(flows, 'a.json')], { cwd: folder, env: { DISTRI_WORKFLOWS: flows } })).stderr).toBe('');
    await writeFile(join(flows, 'b.json'), JSON.stringify({ id: 'b', steps: [{ id: 'y', kind: { type: 'workflow', workflow_id: 'a' } }] }));
    const circle = await run(['validate', join(flows, 'a.json'), '--workflows', flows], { cwd: folder });
    expect(circle).toMatchObject({ code: 2, stderr: expect.stringContaining('TOO_DEEP') as string });
    await writeFile(join(flows, 'b.json'), '{}');
    const missing = await run(['validate', join(flows, 'a.json'), '--workflows', flows], { cwd: folder });
    expect(missing).toMatchObject({ code: 0, stderr: expect.stringContaining('WORKFLOW_NOT_FOUND') as string });
    await removeFolder(flows);
  });
});
