import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DistriError } from '../definition/errors.js';
import { activityContext } from '../../test/support/activity-context.js';
import { loadTools } from './load-tools.js';

let folder: string;

/** Inside the project, so that the files find zod as a user's would. */
beforeAll(async () => {
  folder = await mkdtemp(join(import.meta.dirname, '../../node_modules/.tools-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, code: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, code);
  return path;
}

async function problem(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DistriError);
  expect((error as DistriError).code).toBe('BAD_TOOLS_FILE');
  return (error as DistriError).message;
}

const tool = (name: string) => `{ name: '${name}', skill: 'native:tool', maxAttempts: 1, execute: async (input) => ({ input }) }`;

describe('loadTools', () => {
  it('takes an array and a single tool, in the order of the files', async () => {
    const many = await file('many.mjs', `export default [${tool('a')}, ${tool('b')}];`);
    const one = await file('one.js', `export default ${tool('c')};`);
    const tools = await loadTools([many, one]);
    expect(tools.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(await tools[2]?.execute(1, activityContext())).toEqual({ input: 1 });
  });

  it('takes TypeScript', async () => {
    const path = await file(
      'typed.ts',
      `import { z } from 'zod';
       import { defineTool } from '${join(import.meta.dirname, 'define-tool.js')}';
       interface Sum { total: number }
       export default [defineTool({
         name: 'sum',
         input: z.object({ numbers: z.array(z.number()) }),
         execute: ({ numbers }): Sum => ({ total: numbers.reduce((a, b) => a + b, 0) }),
       })];`,
    );
    const [sum] = await loadTools([path]);
    expect(sum?.inputSchema).toMatchObject({ type: 'object' });
    expect(await sum?.execute({ numbers: [1, 2] }, activityContext())).toEqual({ total: 3 });
  });

  it('finds a file relative to the folder that the process runs in', async () => {
    const path = await file('relative.mjs', `export default ${tool('r')};`);
    expect(await loadTools([path.replace(`${process.cwd()}/`, './')])).toHaveLength(1);
  });

  it.each([
    ['throws.mjs', `throw new TypeError('no database');`, 'TypeError: no database'],
    ['syntax.mjs', `export default [`, 'SyntaxError'],
    ['throws.ts', `throw new Error('no key' as string);`, 'no key'],
    ['empty.mjs', `export const tools = [];`, 'no default export'],
    ['options.mjs', `export default [${tool('a')}, { name: 'b', execute() {} }];`, 'element 1 of its default export is no tool'],
    ['null.mjs', `export default null;`, 'no tool'],
    ['twice.mjs', `export default [${tool('a')}, ${tool('a')}];`, "'a' has the name of another"],
  ])('refuses %s with the file and the reason', async (name, code, reason) => {
    const path = await file(name, code);
    const message = await problem(loadTools([path]));
    expect(message).toContain(path);
    expect(message).toContain(reason);
  });

  it('refuses a file that does not exist, and a name that two files have', async () => {
    expect(await problem(loadTools([join(folder, 'absent.mjs')]))).toContain('absent.mjs');
    const [first, second] = [await file('first.mjs', `export default ${tool('same')};`), await file('second.mjs', `export default ${tool('same')};`)];
    const message = await problem(loadTools([first, second]));
    expect(message).toContain(first);
    expect(message).toContain(second);
  });
});
