import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { JsonObject } from '../../src/definition/json.js';
import { loadTools } from '../../src/worker/load-tools.js';
import { findLeaks, plantedIn } from '../support/leaks.js';
import { atSite, readCases, type Case } from './support/case.js';
import { TestConnections } from './support/connections.js';
import { runCase } from './support/run-case.js';
import { openSite, type Site } from './support/site.js';
import { openStage, type Stage } from './support/stage.js';
import { WellKnownTools } from './support/tools.js';
import { TestWorkflows } from './support/workflows.js';

vi.setConfig({ maxConcurrency: 16 });

const cases = readCases(join(import.meta.dirname, 'cases'));
/** So low a number of events that a run continues as new as often as it can. */
const AS_OFTEN_AS_IT_CAN = 6;
/** Set to have all runs do so. */
const continueAll = process.env['DISTRI_TEST_CONTINUE_ALL'] === undefined ? undefined : AS_OFTEN_AS_IT_CAN;
/** The cases that are also run so, always: waits, blocks, failures, delays, steering, fan-outs, children, samples. */
const CONTINUED = /^(waits\/(answer|two)|control\/(catch|compensation|hold-retry|hold-skip|pause|skip|delay-secs|wait-timeout|cancel-always)|fan-out\/(order|limit|hold|waits|partial|blocked)|children\/(by-id|waits|each|nested|cancel)|running\/(parallel|sequential|concurrency)|samples\/data-pipeline)\.yaml$/;
/** What the site's model wants. */
const MODEL_KEY = 'model-key-12345';
const tools = new WellKnownTools();
const connections = new TestConnections();
const workflows = new TestWorkflows();
let stage: Stage;
let site: Site;

beforeAll(async () => {
  [site, stage] = await Promise.all([openSite(), openStage('acceptance')]);
  for (const { connections: wanted = [], file } of cases) {
    for (const connection of atSite(wanted, site)) {
      expect(await connections.get(connection.skill), `${file}: ${connection.skill} belongs to another case`).toBeUndefined();
      connections.set(connection.skill, connection);
    }
  }
  for (const { workflows: documents = [] } of cases) for (const document of atSite(documents, site)) workflows.add(document as JsonObject);
  // The examples' tools import the built package, as those of its users do.
  const examples = await loadTools(['examples/data-pipeline.tools.mjs', 'examples/api-test.tools.mjs']);
  const model = { baseUrl: `${site.url}/model`, apiKey: MODEL_KEY, model: 'parrot' };
  await stage.worker({ tools: [...tools.list, ...examples], connections, workflows, model });
});

afterAll(async () => {
  const { looked, leaks } = await findLeaks(stage.client, [...plantedIn(await connections.list()), MODEL_KEY]);
  await stage?.stop();
  await site?.close();
  expect(looked, 'histories looked through for secrets').toBeGreaterThan(1);
  expect(leaks, 'secrets in histories').toEqual([]);
});

const topics = [...new Set(cases.map(({ file }) => dirname(file)))];

describe.concurrent.for(topics)('%s', (topic) => {
  const inTopic = cases.filter(({ file }) => dirname(file) === topic);
  test.concurrent.for(inTopic.map((one): [string, Case] => [`${one.rule}: ${one.name}`, one]))('%s', async ([, one]) => {
    await runCase(atSite(one, site), stage, tools, continueAll);
  });
});

const continued = cases.filter(({ file }) => CONTINUED.test(file));

describe.skipIf(continueAll !== undefined).concurrent('continuing as new as often as it can', () => {
  test.concurrent.for(continued.map((one): [string, Case] => [one.file, one]))('%s', async ([, one]) => {
    await runCase(atSite(one, site), stage, tools, AS_OFTEN_AS_IT_CAN);
  });
});
