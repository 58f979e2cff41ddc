import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { JsonObject } from '../../src/client/index.js';
import { RunFailedError } from '../../src/definition/errors.js';
import type { StepSnapshot } from '../../src/definition/snapshot.js';
import { closedPort } from '../support/closed-port.js';
import { serveSelfSigned } from '../support/http.js';
import { openSite, type Site } from './support/site.js';
import { eventually, openStage, type Stage } from './support/stage.js';
import { WellKnownTools } from './support/tools.js';

vi.setConfig({ maxConcurrency: 8 });

let stage: Stage;
let site: Site;
let selfSigned: { url: string; close(): Promise<void> };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distri-faults-'));
  [site, stage, selfSigned] = await Promise.all([openSite(), openStage('faults'), serveSelfSigned((_request, response) => void response.end('secret'))]);
  await stage.worker({ tools: new WellKnownTools().list, maxBodyBytes: 4 * 1024 * 1024 });
});
afterAll(async () => {
  await stage?.stop();
  await Promise.all([site?.close(), selfSigned?.close(), rm(folder, { recursive: true, force: true })]);
});

/** Runs a step that must fail behind one that is done; what was done must be kept, and the worker must live on. */
async function failedStep(kind: JsonObject, step: JsonObject = {}): Promise<StepSnapshot> {
  const before = { id: 'before', kind: { type: 'tool_call', tool_name: 'echo', input: { kept: true } } };
  const document = { id: 'fault', steps: [before, { id: 'bad', depends_on: ['before'], input: {}, kind, ...step }, { id: 'after', kind: { type: 'checkpoint', message: 'x' } }] };
  const run = await stage.client.start(document, { executionTimeoutSecs: 200 });
  const error: unknown = await run.result().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(RunFailedError);
  const { code, message, snapshot } = error as RunFailedError;
  expect(code).toBe('RUN_FAILED');
  expect(snapshot.steps).toMatchObject({ before: { status: 'done', result: { kept: true } }, after: { status: 'pending' } });
  const bad = snapshot.steps.bad;
  if (bad === undefined) throw new Error('the step is not in the snapshot');
  expect(bad.status).toBe('failed');
  expect(message).toContain('bad');
  expect(message).not.toContain('execution timeout');
  expect(snapshot.error).toBe(bad.error);
  expect((bad.error ?? '').length).toBeLessThanOrEqual(10_000);
  return bad;
}

const get = (url: string): JsonObject => ({ type: 'api_call', method: 'GET', url });
const call = (name: string, input: JsonObject): JsonObject => ({ type: 'tool_call', tool_name: name, input });
const quickly = { retry: { max_attempts: 2, initial_interval_secs: 0.1 } };

describe.concurrent('the network', () => {
  test('a host name that cannot be resolved', async () => {
    const step = await failedStep(get('http://no-such-host.invalid/x'), quickly);
    expect(step).toMatchObject({ error_code: 'HTTP_NETWORK', attempts: 2 });
    expect(step.error).toMatch(/no-such-host\.invalid:80 failed: the name cannot be resolved.*What to do: check the host/);
  });

  test('a port on which nobody listens', async () => {
    const step = await failedStep(get(`http://127.0.0.1:${await closedPort()}/`), quickly);
    expect(step).toMatchObject({ error_code: 'HTTP_NETWORK', attempts: 2 });
    expect(step.error).toMatch(/the connection was refused.*What to do: check the port/);
  });

  test('a certificate that nobody trusts', async () => {
    const step = await failedStep(get(`${selfSigned.url}/`));
    expect(step).toMatchObject({ error_code: 'HTTP_NETWORK', attempts: 1 });
    expect(step.error).toMatch(/TLS certificate is not trusted.*What to do: .*NODE_EXTRA_CA_CERTS/);
  });

  test('https on a port that speaks http', async () => {
    const step = await failedStep(get(site.url.replace('http:', 'https:')));
    expect(step).toMatchObject({ error_code: 'HTTP_NETWORK', attempts: 1 });
    expect(step.error).toMatch(/no TLS connection could be made.*What to do: check that the port speaks https/);
  });

  test('a body without end', async () => {
    const step = await failedStep(get(`${site.url}/endless?fault`));
    expect(step).toMatchObject({ error_code: 'HTTP_TOO_LARGE', attempts: 1 });
    expect(step.error).toMatch(/larger than the limit of 4194304 bytes: ask for less/);
    await eventually(() => (site.hungUp.has('?fault') ? true : undefined));
  });

  test('a URL that is none once its reference is filled in', async () => {
    const step = await failedStep(get('{input.nothing}'));
    expect(step).toMatchObject({ error_code: 'BAD_URL', attempts: 1 });
    expect(step.error).toMatch(/a reference in it may have no value/);
  });
});

describe.concurrent('scripts', () => {
  const script = (command: string, more: JsonObject = {}): JsonObject => ({ type: 'script', command, ...more });

  test('200 MB of stdout', async () => {
    const begun = process.memoryUsage().rss;
    const step = await failedStep(script('head -c 200000000 /dev/zero | tr "\\0" x; echo "survived" >&2'));
    expect(step).toMatchObject({ error_code: 'SCRIPT_OUTPUT', attempts: 1 });
    expect(step.error).toMatch(/more than 1572864 bytes.*Write large data to a file/);
    expect(process.memoryUsage().rss - begun).toBeLessThan(150_000_000);
  });

  test('200 MB of stderr', async () => {
    const step = await failedStep(script('head -c 200000000 /dev/zero | tr "\\0" x >&2; echo the end >&2; exit 4'));
    expect(step).toMatchObject({ error_code: 'SCRIPT_EXIT' });
    expect(step.error).toMatch(/^Exit code 4: …x+the end$/);
  });

  test('one that ignores SIGTERM is killed with all it started', async () => {
    const file = join(folder, 'pids');
    const command = `trap '' TERM; (trap '' TERM; sleep 300) & echo $! $$ > ${file}; while true; do sleep 1; done`;
    const step = await failedStep(script(command, { timeout_secs: 2 }));
    expect(step).toMatchObject({ error_code: 'TIMED_OUT' });
    expect(step.error).toMatch(/longer than 2 s.*Set timeout_secs/);
    for (const pid of (await readFile(file, 'utf8')).trim().split(' ')) {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => `${pid} (gone) Z`);
      expect(stat).toMatch(/\) Z/);
    }
  });

  test('a folder that does not exist', async () => {
    const step = await failedStep(script('true', { cwd: '/no/such/folder' }));
    expect(step).toMatchObject({ error_code: 'SCRIPT_START', error: expect.stringMatching(/'\/no\/such\/folder'.*correct cwd/) as string });
  });

  test('one that kills itself', async () => {
    const step = await failedStep(script('kill -9 $$'));
    expect(step).toMatchObject({ error_code: 'SCRIPT_EXIT', error: expect.stringContaining('SIGKILL') as string });
  });
});

describe.concurrent('tools', () => {
  test.each([
    ['bigint', /\$\.list\[0\] is a BigInt, which JSON cannot carry: return .* instead/],
    ['cycle', /\$\.self is a cycle/],
    ['nan', /NaN/],
    ['function', /\$\.made is a function/],
    ['map', /Object\.fromEntries/],
  ])('a result that JSON cannot carry: %s', async (what, message) => {
    const step = await failedStep(call('odd', { what }));
    expect(step).toMatchObject({ error_code: 'TOOL_OUTPUT', attempts: 1 });
    expect(step.error).toMatch(message);
  });

  test('a result of 20 MB', async () => {
    const step = await failedStep(call('big', { bytes: 20_000_000 }));
    expect(step).toMatchObject({ error_code: 'RESULT_TOO_LARGE', attempts: 1 });
    expect(step.error).toMatch(/20000011 bytes; \d+ fit.*store the data elsewhere/);
    expect(step).not.toHaveProperty('result');
  });

  test('a result nested 5,000 deep', async () => {
    const step = await failedStep(call('deep', { levels: 5_000 }));
    expect(step).toMatchObject({ error_code: 'TOOL_OUTPUT' });
    expect(step.error).toMatch(/nested more than/);
  });

  test('an error of a megabyte is cut', async () => {
    const step = await failedStep(call('fail', { message: `begins ${'x'.repeat(1_000_000)}` }));
    expect(step).toMatchObject({ error_code: 'TOOL_FAILED' });
    expect(step.error).toContain('begins');
  });

  test('one that takes longer than the step allows', async () => {
    const step = await failedStep(call('sleep', { ms: 60_000 }), { timeout_secs: 0.5 });
    expect(step).toMatchObject({ error_code: 'TIMED_OUT', error: expect.stringContaining('timeout_secs') as string });
  });
});

describe.concurrent('a step that nobody serves', () => {
  test('fails once its queue_timeout_secs are over, whatever of a worker is missing', async () => {
    const steps = [
      { id: 'agent', queue_timeout_secs: 1, on_error: 'continue', execution: 'parallel', kind: { type: 'agent_run', prompt: 'hi' } },
      { id: 'tool', queue_timeout_secs: 1, on_error: 'continue', execution: 'parallel', requires: [{ skill: 'gpu:large' }], kind: call('gpu', {}) },
    ];
    const run = await stage.client.start({ id: 'unserved', steps }, { executionTimeoutSecs: 200 });
    const { steps: ended } = await run.result();
    expect(ended['agent']).toMatchObject({ status: 'failed', error_code: 'QUEUE_TIMED_OUT', error: expect.stringContaining('native:agent') as string });
    expect(ended['tool']).toMatchObject({ status: 'failed', error_code: 'QUEUE_TIMED_OUT', error: expect.stringContaining('gpu:large') as string });
  });
});

describe.concurrent('what a step would be sent', () => {
  test('an explicit queue_timeout_secs fails a step that no worker takes', async () => {
    const stalled = await stage.worker({ engine: false, skills: ['slow:queue'], maxConcurrentActivities: 1, tools: new WellKnownTools().list.map((tool) => ({ ...tool, name: `slow_${tool.name}`, skill: 'slow:queue' })) });
    const hold = { id: 'hold', execution: 'parallel', kind: call('slow_sleep', { ms: 15_000 }) };
    const late = { id: 'late', execution: 'parallel', depends_on: ['tick'], queue_timeout_secs: 1, kind: call('slow_echo', { x: 1 }) };
    const tick = { id: 'tick', execution: 'parallel', kind: call('sleep', { ms: 500 }) };
    const run = await stage.client.start({ id: 'stalled', steps: [hold, tick, late] }, { executionTimeoutSecs: 200 });
    await expect(run.result()).rejects.toMatchObject({
      snapshot: {
        steps: {
          hold: { status: 'done', result: { slept: 15_000 } },
          late: { status: 'failed', error_code: 'QUEUE_TIMED_OUT', error: expect.stringContaining('queue_timeout_secs') as string },
        },
      },
    });
    await stalled.stop();
  });
});
