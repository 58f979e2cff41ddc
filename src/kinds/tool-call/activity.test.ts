import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { activityContext } from '../../../test/support/activity-context.js';
import type { JsonValue } from '../../definition/json.js';
import { defineTool } from '../../worker/define-tool.js';
import type { Tool, ToolContext } from '../../worker/tool.js';
import { ToolSet } from '../../worker/tool-set.js';
import type { ActivityContext } from '../activity.js';
import { StepFailure } from '../failure.js';
import { createToolCall } from './activity.js';

type Given = Partial<ActivityContext> & { input?: JsonValue };

function call(tool: Tool, { input, ...context }: Given = {}) {
  const run = createToolCall({ tools: new ToolSet([tool]) });
  return run({ type: 'tool_call', tool_name: tool.name, ...(input !== undefined && { input }) }, activityContext(context));
}

async function failure(promise: Promise<unknown>): Promise<StepFailure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StepFailure);
  return error as StepFailure;
}

const returning = (value: unknown) => defineTool({ name: 't', execute: () => value });
const throwing = (error: unknown, maxAttempts = 1) =>
  defineTool({
    name: 't',
    maxAttempts,
    execute: () => {
      throw error;
    },
  });
const echo = defineTool({ name: 'echo', execute: (input) => ({ got: input }) });

describe('the input of a tool', () => {
  const context = { input: { a: 1 }, a: 1 };
  it.each<[string, Given, JsonValue]>([
    ['kind.input alone', { input: { x: 1 }, context }, { x: 1 }],
    ['the mapping alone', { mapping: { y: 2 } }, { y: 2 }],
    ['the mapping when kind.input is empty', { input: {}, mapping: { y: 2 } }, { y: 2 }],
    ['the mapping when kind.input is null', { input: null, mapping: { y: 2 } }, { y: 2 }],
    ['kind.input laid over the mapping', { input: { x: 1 }, mapping: { x: 0, y: 2 } }, { x: 1, y: 2 }],
    ['kind.input when it is no object', { input: 'text', mapping: { y: 2 } }, 'text'],
    ['kind.input when the mapping is no object', { input: { x: 1 }, mapping: [1] }, { x: 1 }],
    ['an empty mapping', { mapping: {}, context }, {}],
    ['a mapping that resolved to null', { mapping: null, context }, null],
    ['the whole context with neither', { context }, context],
    ['the whole context with an empty kind.input', { input: {}, context }, context],
    ['an empty object when the step is sent no context', {}, {}],
    ['false, which is a value', { input: false, context }, false],
  ])('is %s', async (_name, given, expected) => {
    expect(await call(echo, given)).toEqual({ got: expected });
  });

  it('keeps an own key __proto__ when it merges', async () => {
    const input = JSON.parse('{"__proto__": {"evil": true}}') as JsonValue;
    const result = await call(echo, { input, mapping: { y: 2 } });
    expect(JSON.stringify(result)).toBe('{"got":{"y":2,"__proto__":{"evil":true}}}');
  });

  it('is parsed by the schema of the tool', async () => {
    const tool = defineTool({ name: 't', input: z.object({ n: z.coerce.number().default(7) }), execute: ({ n }) => n + 1 });
    expect(await call(tool, { mapping: {} })).toBe(8);
    expect(await call(tool, { mapping: { n: '1' } })).toBe(2);
  });

  it('that does not fit fails the step with every path, and is not tried again', async () => {
    const tool = defineTool({
      name: 't',
      maxAttempts: 5,
      input: z.object({ list: z.array(z.object({ 'a b': z.number() })), name: z.string() }),
      execute: () => null,
    });
    const error = await failure(call(tool, { mapping: { list: [{ 'a b': 'x' }] } }));
    expect(error).toMatchObject({ code: 'TOOL_INPUT', retryable: false });
    expect(error.message).toContain('$.list[0]["a b"]: ');
    expect(error.message).toContain('$.name: ');
  });
});

describe('the result of a tool', () => {
  it.each<[string, unknown, JsonValue]>([
    ['text that is JSON', '{"a": [1]}', { a: [1] }],
    ['text that is a number', '5', 5],
    ['other text', 'hello', { output: 'hello' }],
    ['empty text', '', { output: '' }],
    ['nothing', undefined, null],
    ['null', null, null],
    ['a list', [1, 'a', undefined], [1, 'a', null]],
    ['a date', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
    ['undefined properties', { a: 1, b: undefined }, { a: 1 }],
    ['one object twice', ((shared) => [shared, shared])({ a: 1 }), [{ a: 1 }, { a: 1 }]],
  ])('%s', async (_name, value, expected) => {
    expect(await call(returning(value))).toEqual(expected);
  });

  const cycle: { self?: unknown } = {};
  cycle.self = { back: cycle };
  const deep = Array.from({ length: 5000 }).reduce<unknown>((inner) => [inner], 1);
  it.each<[string, unknown, string, string]>([
    ['a BigInt', { list: [1, { id: 10n }] }, '$.list[1].id is a BigInt', 'String(value)'],
    ['a cycle', cycle, '$.self.back is a cycle', 'without the reference back'],
    ['a function', { f: () => 1 }, '$.f is a function', 'what it gives'],
    ['NaN', [NaN], '$[0] is the number NaN', 'null'],
    ['infinity', { n: Infinity }, '$.n is the number Infinity', 'null'],
    ['a Map', new Map(), '$ is a Map', 'Object.fromEntries(map)'],
    ['bytes', { b: new Uint8Array(2) }, '$.b is binary data', 'base64'],
    ['a promise inside', { p: Promise.resolve(1) }, '$.p is a promise', 'awaited'],
    ['too deep a nesting', deep, 'nested more than', 'flatter'],
  ])('%s fails the step, with where it is and what to return instead', async (_name, value, where, instead) => {
    const error = await failure(call(returning(value)));
    expect(error.code).toBe('TOOL_OUTPUT');
    expect(error.message).toContain(where);
    expect(error.message).toContain(instead);
  });

  it('that does not fit the output schema fails the step', async () => {
    const tool: Tool = { ...returning({ n: 'x' }), output: z.object({ n: z.number() }) };
    const error = await failure(call(tool));
    expect(error).toMatchObject({ code: 'TOOL_OUTPUT', message: expect.stringContaining('$.n: ') as string });
  });

  it('is what the output schema makes of it', async () => {
    const tool = defineTool({
      name: 't',
      output: z.object({ n: z.number() }).transform(({ n }) => ({ double: n * 2 })),
      execute: () => ({ n: 2, secret: 'x' }),
    });
    expect(await call(tool)).toEqual({ double: 4 });
  });
});

describe('a tool that throws', () => {
  it('fails the step with its message', async () => {
    const error = await failure(call(throwing(new Error('no such account'))));
    expect(error).toMatchObject({ code: 'TOOL_FAILED', retryable: false, message: "Tool 't' failed: no such account" });
  });

  it('says the cause too, where the reason often is', async () => {
    const error = await failure(call(throwing(new Error('fetch failed', { cause: new Error('connect ECONNREFUSED') }))));
    expect(error.message).toBe("Tool 't' failed: fetch failed (connect ECONNREFUSED)");
  });

  it('is tried again up to its maxAttempts', async () => {
    expect((await failure(call(throwing(new Error('x'), 3), { attempt: 2 }))).retryable).toBe(true);
    expect((await failure(call(throwing(new Error('x'), 3), { attempt: 3 }))).retryable).toBe(false);
  });

  it('decides itself with a StepFailure', async () => {
    const thrown = new StepFailure('HTTP_STATUS', 'busy', { retryable: true, retryAfterSecs: 9 });
    expect(await failure(call(throwing(thrown)))).toBe(thrown);
  });

  it("decides itself with the StepFailure of another copy of this package", async () => {
    const thrown = Object.assign(new Error('busy'), { name: 'StepFailure', code: 'HTTP_STATUS', retryable: true, retryAfterSecs: 9 });
    expect(await failure(call(throwing(thrown)))).toMatchObject({
      code: 'HTTP_STATUS',
      message: 'busy',
      retryable: true,
      retryAfterSecs: 9,
    });
  });

  it('with a lone surrogate gives a well-formed message', async () => {
    const error = await failure(call(throwing(new Error('bad \ud800 text'))));
    expect(error.message).toBe("Tool 't' failed: bad \ufffd text");
  });

  it.each([['text', 'text'], [undefined, 'undefined'], [Object.create(null), 'Object: null prototype']])(
    'something that is no Error (%#) fails the step too',
    async (thrown, text) => {
      expect((await failure(call(throwing(thrown)))).message).toContain(text);
    },
  );
});

describe('time and place', () => {
  const hanging = (seen: { signal?: AbortSignal }, timeoutSecs?: number) =>
    defineTool({
      name: 't',
      ...(timeoutSecs !== undefined && { timeoutSecs }),
      execute: (_input, { signal }: ToolContext) => {
        seen.signal = signal;
        return new Promise(() => undefined);
      },
    });

  it('a tool over its time fails with TIMED_OUT and its signal aborts', async () => {
    const seen: { signal?: AbortSignal } = {};
    const error = await failure(call(hanging(seen, 0.05)));
    expect(error).toMatchObject({ code: 'TIMED_OUT', message: expect.stringContaining('0.05 s') as string });
    expect(seen.signal?.aborted).toBe(true);
  });

  it('a time of months does not end the tool at once', async () => {
    const tool = defineTool({
      name: 't',
      timeoutSecs: 10_000_000,
      execute: () => new Promise<string>((resolve) => setTimeout(() => resolve('done'), 30)),
    });
    expect(await call(tool)).toEqual({ output: 'done' });
  });

  it('a cancel reaches the tool, and a tool that does not listen does not hold the step', async () => {
    const seen: { signal?: AbortSignal } = {};
    const controller = new AbortController();
    const reason = new Error('canceled');
    setTimeout(() => controller.abort(reason), 20);
    await expect(call(hanging(seen), { signal: controller.signal })).rejects.toBe(reason);
    expect(seen.signal?.aborted).toBe(true);
  });

  it('a tool gets what the design promises of the step', async () => {
    const tool = defineTool({
      name: 't',
      execute: (_input, context) => {
        context.heartbeat({ half: true });
        const { runId, workflowId, stepId, index, attempt, idempotencyKey } = context;
        return { runId, workflowId, stepId, index, attempt, idempotencyKey };
      },
    });
    const context = activityContext({ index: 3, context: { secret: 1 } });
    const result = await createToolCall({ tools: new ToolSet([tool]) })({ type: 'tool_call', tool_name: 't' }, context);
    expect(result).toEqual({ runId: 'run-1', workflowId: 'flow', stepId: 'step', index: 3, attempt: 1, idempotencyKey: 'run-1/step' });
    expect(context.heartbeats).toEqual([{ half: true }]);
  });

  it('a tool that this worker lacks is handed back each second, and not found after 30', async () => {
    const run = createToolCall({ tools: new ToolSet([]) });
    const at = (attempt: number) => failure(run({ type: 'tool_call', tool_name: 'nope' }, activityContext({ attempt })));
    expect(await at(1)).toMatchObject({ code: 'TOOL_NOT_FOUND', retryable: true, retryAfterSecs: 1 });
    expect(await at(30)).toMatchObject({ retryable: true });
    expect(await at(31)).toMatchObject({ code: 'TOOL_NOT_FOUND', retryable: false });
    expect((await at(31)).message).toContain("'nope'");
  });
});
