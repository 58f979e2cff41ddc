import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { DistriClient } from '../client/index.js';
import { addBlockedRunsMetric } from './blocked-runs-metric.js';

function metrics(missing: () => AsyncGenerator<string[]>): Registry {
  const registry = new Registry();
  const listRuns = async function* () {
    for await (const skills of missing()) yield { missing: skills };
  };
  addBlockedRunsMetric(registry, { listRuns } as unknown as DistriClient);
  return registry;
}

test('counts blocked runs by the skills that they lack, once for scrapes that come soon after each other', async () => {
  let looks = 0;
  const registry = metrics(async function* () {
    looks += 1;
    yield ['native:shell'];
    yield ['native:shell', 'gpu:large'];
  });
  const text = await registry.metrics();
  expect(text).toContain('distri_blocked_runs{skill="native:shell"} 2');
  expect(text).toContain('distri_blocked_runs{skill="gpu:large"} 1');
  expect(await registry.metrics()).toBe(text);
  expect(looks).toBe(1);
});

test('answers without a count when Temporal does not, and when it takes too long', async () => {
  // eslint-disable-next-line require-yield
  const refused = metrics(async function* () {
    throw new Error('away');
  });
  expect(await refused.metrics()).not.toContain('distri_blocked_runs{');
  // eslint-disable-next-line require-yield
  const silent = metrics(async function* () {
    await new Promise(() => undefined);
  });
  expect(await silent.metrics()).not.toContain('distri_blocked_runs{');
});
