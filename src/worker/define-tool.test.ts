import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { activityContext } from '../../test/support/activity-context.js';
import { DistriError } from '../definition/errors.js';
import { defineTool } from './define-tool.js';

const execute = () => null;

function problem(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(DistriError);
    expect((error as DistriError).code).toBe('BAD_TOOLS_FILE');
    return (error as Error).message;
  }
  throw new Error('was not refused');
}

describe('defineTool', () => {
  it('runs on native:tool, once, when nothing else is said', () => {
    expect(defineTool({ name: 'a', execute })).toMatchObject({ name: 'a', skill: 'native:tool', maxAttempts: 1 });
  });

  it('infers the type of the input from its schema', async () => {
    const tool = defineTool({
      name: 'add',
      input: z.object({ a: z.number(), b: z.number().default(1) }),
      execute: (input) => {
        const sum: number = input.a + input.b;
        // @ts-expect-error -- `a` is a number
        const text: string = input.a;
        // @ts-expect-error -- the schema has no `c`
        const missing: unknown = input.c;
        return { sum, text, missing };
      },
    });
    expect(await tool.execute({ a: 1, b: 2 }, activityContext())).toMatchObject({ sum: 3 });
  });

  it('holds the result to the type of the output schema', () => {
    const output = z.object({ n: z.number() });
    defineTool({ name: 'good', output, execute: async () => ({ n: 1 }) });
    // @ts-expect-error -- `n` must be a number
    defineTool({ name: 'bad', output, execute: async () => ({ n: '1' }) });
  });

  it('takes any JSON when there is no input schema', () => {
    defineTool({
      name: 'any',
      execute: (input) => {
        // @ts-expect-error -- unknown until it is checked
        const length: unknown = input.length;
        return length;
      },
    });
  });

  it('gives JSON Schemas for the catalogue: what is sent, and what comes back', () => {
    const tool = defineTool({
      name: 'a',
      input: z.object({ n: z.number().default(1) }),
      output: z.object({ at: z.date() }),
      execute: () => ({ at: new Date() }),
    });
    expect(tool.inputSchema).toMatchObject({ type: 'object', properties: { n: { type: 'number', default: 1 } } });
    expect(tool.inputSchema).not.toHaveProperty('required');
    expect(tool.outputSchema).toMatchObject({ required: ['at'] });
  });

  it.each(['', '   '])('refuses the name %j', (name) => {
    expect(problem(() => defineTool({ name, execute }))).toContain('name');
  });

  it.each(['shell', 'a:b:c', ':b', 'a:', 'a b:c'])('refuses the skill %j', (skill) => {
    expect(problem(() => defineTool({ name: 'x', skill, execute }))).toContain(`skill '${skill}'`);
  });

  it('refuses attempts and times that are no positive numbers', () => {
    expect(problem(() => defineTool({ name: 'x', maxAttempts: 0, execute }))).toContain('maxAttempts');
    expect(problem(() => defineTool({ name: 'x', timeoutSecs: -1, execute }))).toContain('timeoutSecs');
  });

  it('refuses a schema that is not of zod 4', () => {
    const input = { parse: () => 1 } as unknown as z.ZodType;
    expect(problem(() => defineTool({ name: 'x', input, execute }))).toContain('zod 4');
  });
});
