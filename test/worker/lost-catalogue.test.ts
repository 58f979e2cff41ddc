import { afterEach, beforeEach, expect, test } from 'vitest';
import { catalogueId } from '../../src/definition/messages.js';
import { defineTool } from '../../src/worker/define-tool.js';
import { openStage, type Stage } from '../acceptance/support/stage.js';
import { until } from './support.js';

let stage: Stage;

/** A worker of the engine, and one that alone has the tool `render`. */
beforeEach(async () => {
  stage = await openStage('lost-catalogue');
  await stage.worker({ skills: ['native:tool'] });
  await stage.worker({ engine: false, skills: ['gpu:large'], tools: [defineTool({ name: 'render', skill: 'gpu:large', execute: async () => ({ ok: 1 }) })] });
  const names = async (): Promise<string[]> => (await stage.client.tools()).map((tool) => tool.name);
  await until(names, (all) => all.includes('render'));
});
afterEach(async () => {
  await stage.client.temporal.workflow.getHandle(catalogueId(stage.queuePrefix)).terminate().catch(() => undefined);
  await stage.stop();
});

const render = { id: 'render', steps: [{ id: 'a', kind: { type: 'tool_call', tool_name: 'render' }, input: {} }] };

test.each(['terminated', 'deleted'])('a run completes that starts while the catalogue lacks its worker: it was %s', async (how) => {
  const { temporal } = stage.client;
  const workflowId = catalogueId(stage.queuePrefix);
  if (how === 'terminated') await temporal.workflow.getHandle(workflowId).terminate('what is this?');
  else await temporal.workflowService.deleteWorkflowExecution({ namespace: temporal.options.namespace, workflowExecution: { workflowId } });
  // The catalogue begins anew with this one alone.
  await stage.worker({ engine: false, skills: ['native:network'] });
  const run = await stage.client.start(render, { executionTimeoutSecs: 100 });
  expect((await run.result()).steps['a']).toMatchObject({ status: 'done', result: { ok: 1 } });
  const offers = async (): Promise<string[]> => (await stage.client.tools()).map((tool) => tool.name);
  expect(await until(offers, (all) => all.includes('render'))).toEqual(['render']);
});

test('a tool that nobody has fails its step all the same', async () => {
  const document = { id: 'typo', steps: [{ id: 'a', kind: { type: 'tool_call', tool_name: 'rendr' }, input: {} }] };
  const run = await stage.client.start(document, { executionTimeoutSecs: 100 });
  await expect(run.result()).rejects.toMatchObject({ snapshot: { steps: { a: { error_code: 'TOOL_NOT_FOUND' } } } });
});
