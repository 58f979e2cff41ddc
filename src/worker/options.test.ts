import { pino } from 'pino';
import { expect, test } from 'vitest';
import { defineTool } from './define-tool.js';
import { compileOptions, type WorkerOptions } from './options.js';

const quiet: WorkerOptions = { address: 'temporal.example', logger: pino({ level: 'silent' }) };

test('defaults: all skills, the engine too, nothing that would need a setting', async () => {
  const compiled = compileOptions({ ...quiet, namespace: 'default' });
  expect(compiled).toMatchObject({
    temporal: { address: 'temporal.example:7233', namespace: 'default' },
    prefix: 'distri',
    skills: 'all',
    engine: true,
    model: undefined,
    scriptUser: undefined,
    http: { privateAddresses: 'allow' },
    metrics: undefined,
    maxConcurrentActivities: 100,
    shutdownGraceMs: 10_000,
  });
  expect(await compiled.connections.list()).toEqual([]);
  expect(compiled.identity).toMatch(new RegExp(`^${process.pid}@`));
});

test('two workers of one process have two identities', () => {
  expect(compileOptions(quiet).identity).not.toBe(compileOptions(quiet).identity);
});

test('an identity is made well-formed: Temporal shuts a worker down that sends a lone surrogate', () => {
  expect(compileOptions({ ...quiet, identity: 'me\ud800' }).identity).toBe('me\ufffd');
});

test('takes each skill once, and hands the settings of API calls on', () => {
  const compiled = compileOptions({ ...quiet, skills: ['a:b', 'a:b'], httpPrivate: 'deny', httpProxy: 'http://p:1', maxBodyBytes: 10 });
  expect(compiled.skills).toEqual(['a:b']);
  expect(compiled.http).toEqual({ privateAddresses: 'deny', proxy: 'http://p:1', maxBodyBytes: 10 });
});

const tool = defineTool({ name: 'twice', execute: () => null });

test.each<[string, WorkerOptions, string, RegExp]>([
  ['an empty prefix', { queuePrefix: '' }, 'USAGE', /queue prefix/],
  ['a prefix with a lone surrogate', { queuePrefix: '\udc00' }, 'USAGE', /queue prefix/],
  ['no activity at once', { maxConcurrentActivities: 0 }, 'USAGE', /maxConcurrentActivities is 0: a number from 1 on/],
  ['a grace time that no timer holds', { shutdownGraceSecs: 1e9 }, 'USAGE', /shutdownGraceSecs is 1000000000: at most 604800/],
  ['a grace time that is no number', { shutdownGraceSecs: NaN }, 'USAGE', /shutdownGraceSecs is NaN/],
  ['an empty answer at most', { maxBodyBytes: 0 }, 'USAGE', /maxBodyBytes/],
  ['two tools of one name', { tools: [tool, tool] }, 'BAD_TOOLS_FILE', /twice/],
])('refuses %s', (_what, options, code, message) => {
  expect(() => compileOptions({ ...quiet, ...options })).toThrow(expect.objectContaining({ code }) as Error);
  expect(() => compileOptions({ ...quiet, ...options })).toThrow(message);
});
