import { z } from 'zod';
import { DistriError } from '../definition/errors.js';
import type { Tool, ToolOptions } from './tool.js';

const SKILL = /^[^:\s]+:[^:\s]+$/;

/**
 * Makes a tool that `tool_call` steps name. It is checked here, once, so that a mistake shows when the tools file is
 * loaded and not in the middle of a run.
 *
 * `execute` gets its input already parsed by `input`; without `input` it gets any JSON. `skill` defaults to
 * `native:tool`, `maxAttempts` to 1, `timeoutSecs` to none.
 *
 * @throws DistriError `BAD_TOOLS_FILE` naming the tool and the option that is wrong.
 */
export function defineTool<
  Input extends z.ZodType = z.ZodType<unknown>,
  Output extends z.ZodType = z.ZodType<unknown>,
>(options: ToolOptions<Input, Output>): Tool {
  const { name, description, input, output, skill = 'native:tool', timeoutSecs, maxAttempts = 1 } = options;
  check(typeof name === 'string' && name.trim() !== '', '(unnamed)', 'name must be a non-empty text');
  check(typeof options.execute === 'function', name, 'execute must be a function');
  check(SKILL.test(skill), name, `skill '${skill}' must be two parts around one colon, such as native:tool`);
  check(isSeconds(timeoutSecs), name, 'timeoutSecs must be a positive number of seconds');
  check(Number.isInteger(maxAttempts) && maxAttempts >= 1, name, 'maxAttempts must be a whole number from 1 on');
  return {
    name,
    ...(description !== undefined && { description }),
    skill,
    maxAttempts,
    ...(timeoutSecs !== undefined && { timeoutSecs }),
    ...(input && { input, inputSchema: jsonSchema(name, 'input', input) }),
    ...(output && { output, outputSchema: jsonSchema(name, 'output', output) }),
    execute: async (value, context) => options.execute(value as z.infer<Input>, context),
  };
}

function jsonSchema(tool: string, io: 'input' | 'output', schema: z.ZodType): unknown {
  check('_zod' in schema, tool, `${io} must be a schema of zod 4, such as z.object({ … })`);
  return z.toJSONSchema(schema, { io, unrepresentable: 'any' });
}

function isSeconds(value: number | undefined): boolean {
  return value === undefined || (Number.isFinite(value) && value > 0);
}

function check(holds: boolean, tool: string, problem: string): asserts holds {
  if (!holds) throw new DistriError('BAD_TOOLS_FILE', `Tool '${tool}': ${problem}`);
}
