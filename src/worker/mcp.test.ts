import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { activityContext } from '../../test/support/activity-context.js';
import { closedPort } from '../../test/support/closed-port.js';
import { DistriError } from '../definition/errors.js';
import type { JsonValue } from '../definition/json.js';
import type { ActivityContext } from '../kinds/activity.js';
import { StepFailure } from '../kinds/failure.js';
import { createToolCall } from '../kinds/tool-call/activity.js';
import { connectMcp, parseMcpFlag, type McpSpec } from './mcp.js';
import { ToolSet } from './tool-set.js';

const SERVER = join(import.meta.dirname, '../../test/support/mcp-server.mjs');
const STDIO = `${process.execPath} ${SERVER}`;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function connect(...specs: McpSpec[]) {
  const connected = await connectMcp(specs);
  cleanups.push(() => connected.close());
  const run = createToolCall({ tools: new ToolSet(connected.tools) });
  return {
    tools: connected.tools,
    close: () => connected.close(),
    call: (tool: string, input: JsonValue = {}, context: Partial<ActivityContext> = {}) =>
      run({ type: 'tool_call', tool_name: tool }, activityContext({ mapping: input, ...context })),
  };
}

async function httpServer(mode: 'http' | 'sse', port = 0): Promise<{ url: string; process: ChildProcess }> {
  const child = spawn(process.execPath, [SERVER, mode, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanups.push(async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'exit');
  });
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { url, process: child };
}

async function failure(promise: Promise<unknown>): Promise<StepFailure> {
  const error = await promise.then(
    (value) => new Error(`did not fail: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StepFailure);
  return error as StepFailure;
}

async function eventually(check: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + 30_000;
  while (!(await check())) {
    if (Date.now() > until) throw new Error('did not happen within 30 s');
    await delay(20);
  }
}

describe.each(['stdio', 'http', 'sse'] as const)('an MCP server on %s', (transport) => {
  const target = async () => (transport === 'stdio' ? STDIO : (await httpServer(transport)).url);

  it('gives its tools as NAME.tool and, when unique, as tool, with their schemas', async () => {
    const { tools, call } = await connect({ name: 'test', target: await target() });
    expect(tools.find(({ name }) => name === 'test.add')).toMatchObject({
      alias: 'add',
      description: 'Adds',
      skill: 'native:tool',
      inputSchema: { type: 'object', required: ['a', 'b'] },
      outputSchema: { type: 'object', required: ['sum'] },
    });
    expect(await call('test.add', { a: 1, b: 2 })).toEqual({ sum: 3 });
    expect(await call('add', { a: 2, b: 2 })).toEqual({ sum: 4 });
  });

  it('gives text by the text rule', async () => {
    const { call } = await connect({ name: 'test', target: await target() });
    expect(await call('echo', { text: 'hello' })).toEqual({ output: 'hello' });
    expect(await call('echo', { text: '{"a": 1}' })).toEqual({ a: 1 });
    expect(await call('picture')).toEqual({ content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] });
    expect(await call('nothing')).toEqual({ output: '' });
  });

  it('that reports an error fails the step with its text, once', async () => {
    const { call } = await connect({ name: 'test', target: await target() });
    expect(await failure(call('fail'))).toMatchObject({
      code: 'TOOL_FAILED',
      message: "Tool 'test.fail' failed: no such account",
      retryable: false,
    });
  });

  it('is told of a cancel', async () => {
    const { call } = await connect({ name: 'test', target: await target() });
    const controller = new AbortController();
    const reason = new Error('canceled');
    const hanging = call('hang', {}, { signal: controller.signal });
    await delay(200);
    controller.abort(reason);
    await expect(hanging).rejects.toBe(reason);
    await eventually(async () => (await call('aborted')) === 1);
  });

  it('that dies during a call fails the attempt, which may be tried again, three times in all', async () => {
    const { call } = await connect({ name: 'test', target: await target() });
    const error = await failure(call('die-later'));
    expect(error).toMatchObject({ code: 'TOOL_FAILED', retryable: true });
    expect(error.message).toContain("'test' did not answer");
    if (transport === 'stdio') expect((await failure(call('die', {}, { attempt: 3 }))).retryable).toBe(false);
  });
});

describe('an MCP server that was lost', () => {
  it('is started anew at the next call', async () => {
    const { call } = await connect({ name: 'test', target: STDIO });
    const first = await call('pid');
    expect(await call('exit-soon')).toEqual({ output: 'bye' });
    await delay(300);
    expect(await call('pid')).not.toBe(first);
    expect((await failure(call('die'))).retryable).toBe(true);
    expect(await call('add', { a: 1, b: 1 })).toEqual({ sum: 2 });
  });

  it('and is back on its address is used again, without a failed attempt', async () => {
    const { url, process: first } = await httpServer('http');
    const { call } = await connect({ name: 'test', target: url });
    expect(await call('pid')).toBe(first.pid);
    first.kill('SIGKILL');
    await once(first, 'exit');
    expect(await failure(call('pid'))).toMatchObject({ code: 'TOOL_FAILED', retryable: true });
    const { process: second } = await httpServer('http', Number(new URL(url).port));
    expect(await call('pid')).toBe(second.pid);
    second.kill('SIGKILL');
    await once(second, 'exit');
    const { process: third } = await httpServer('http', Number(new URL(url).port));
    expect(await call('pid')).toBe(third.pid);
  });
});

describe('starting MCP servers', () => {
  it('splits the command without a shell and gives it a minimal environment', async () => {
    process.env.DISTRI_TEST_SECRET = 'secret';
    const { call } = await connect({ name: 'test', target: `${STDIO} "a b" '$HOME' ; ls`, env: { TOKEN: 't' } });
    expect(await call('argv')).toEqual(['a b', '$HOME', ';', 'ls']);
    const environment = await call('environment');
    expect(environment).toMatchObject({ TOKEN: 't', PATH: process.env.PATH });
    expect(environment).not.toHaveProperty('DISTRI_TEST_SECRET');
    delete process.env.DISTRI_TEST_SECRET;
  });

  it('of two servers with the same tools needs the full names', async () => {
    const { call } = await connect({ name: 'one', target: STDIO }, { name: 'two', target: STDIO });
    expect(await call('one.pid')).not.toBe(await call('two.pid'));
    expect((await failure(call('pid'))).code).toBe('TOOL_NOT_FOUND');
  });

  it('ends them at close', async () => {
    const { call, close } = await connect({ name: 'test', target: STDIO });
    const pid = (await call('pid')) as number;
    await close();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it.each([
    ['a command that complains', `${STDIO} --fail`, 'cannot find the database'],
    ['a command that does not exist', 'no-such-command --x', 'ENOENT'],
    ['a URL where nobody is', 'http://127.0.0.1:CLOSED/mcp', 'ECONNREFUSED'],
  ])('%s is refused with what it is and why', async (_name, given, reason) => {
    const target = given.replace('CLOSED', String(await closedPort()));
    const error = await connectMcp([{ name: 'good', target: STDIO }, { name: 'bad', target }]).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DistriError);
    expect(error).toMatchObject({ code: 'BAD_MCP_SERVER' });
    expect((error as Error).message).toContain(`'bad' (${target})`);
    expect((error as Error).message).toContain(reason);
  });
});

describe('parseMcpFlag', () => {
  it.each([
    ['files=npx server /data', { name: 'files', target: 'npx server /data' }],
    ['web=https://x.test/mcp?a=b', { name: 'web', target: 'https://x.test/mcp?a=b' }],
  ])('%s', (flag, expected) => {
    expect(parseMcpFlag(flag)).toEqual(expected);
  });

  it.each(['files', '=npx server', 'files=', 'files=  ', 'a.b=npx', 'npx server'])('refuses %j', (flag) => {
    expect(() => parseMcpFlag(flag)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
  });
});
