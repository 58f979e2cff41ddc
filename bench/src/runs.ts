import type { JsonObject, WorkflowDefinition } from 'distri-workflow/definition';
import type { Bench } from './sides.js';
import { TWIN_QUEUE } from './twin/names.js';
import type * as workflows from './twin/workflows.js';

type Twins = typeof workflows;

/** Runs a document to its end; answers its run id. */
export async function runOurs(bench: Bench, document: WorkflowDefinition, input: JsonObject = {}): Promise<string> {
  const run = await bench.distri.start(document, { input, runId: bench.id(document.id) });
  await run.result();
  return run.id;
}

/** Runs a workflow of the twin to its end; answers its workflow id. */
export async function runTwin<N extends keyof Twins>(bench: Bench, name: N, input: Parameters<Twins[N]>[0]): Promise<string> {
  const handle = await bench.temporal.workflow.start(name, {
    taskQueue: TWIN_QUEUE,
    workflowId: bench.id(`twin-${name}`),
    args: [input],
  });
  await handle.result();
  return handle.workflowId;
}
