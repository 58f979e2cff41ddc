import { DistriError } from '../definition/errors.js';
import { dictionary, isObject, own, type JsonObject, type JsonValue } from '../definition/json.js';
import type { RunSnapshot } from '../definition/snapshot.js';
import type { WorkflowDefinition } from '../definition/types.js';
import { callTool, type CheckpointsOptions } from './call-tool.js';
import { describe } from './info.js';
import { startOf } from './retell.js';
import type { Session } from './session.js';
import { snapshotOf } from './snapshot.js';

/** One checkpoint of a run: its state when a step was done. `created_at` is ISO 8601 UTC. */
export interface Checkpoint {
  checkpoint_id: string;
  workflow_id: string;
  step_id: string;
  created_at: string;
}

/** A checkpoint with the context as it was then; of an external one, what its tool gave back. */
export interface LoadedCheckpoint {
  checkpoint: Checkpoint;
  state: JsonValue;
}

/** The definition that a run was started with. */
async function definitionOf(session: Session, runId: string): Promise<WorkflowDefinition | undefined> {
  const { execution } = await describe(session, runId);
  return (await startOf(session, execution))?.definition;
}

/** The checkpoints of a run, oldest first. */
export async function listCheckpoints(session: Session, runId: string, options: CheckpointsOptions): Promise<Checkpoint[]> {
  const definition = await definitionOf(session, runId);
  const strategy = definition?.checkpoint;
  if (strategy?.type === 'external') {
    const listed = await callTool(session, runId, strategy.tool_name, request('list', definition, runId), options);
    const list = isObject(listed) && Array.isArray(listed.checkpoints) ? listed.checkpoints : listed;
    return (Array.isArray(list) ? list : []).flatMap((item) => external(item) ?? []);
  }
  const kept = strategy?.ttl_secs == null ? Number.POSITIVE_INFINITY : strategy.ttl_secs * 1000;
  const now = Date.now();
  return internal(await snapshotOf(session, runId)).filter(({ created_at }) => now - Date.parse(created_at) <= kept);
}

/** Loads a checkpoint. Throws `CHECKPOINT_NOT_FOUND`. */
export async function loadCheckpoint(
  session: Session,
  runId: string,
  checkpointId: string,
  options: CheckpointsOptions,
): Promise<LoadedCheckpoint> {
  const definition = await definitionOf(session, runId);
  const strategy = definition?.checkpoint;
  if (strategy?.type === 'external') {
    const asked = { ...request('load', definition, runId), checkpoint_id: checkpointId };
    const loaded = await callTool(session, runId, strategy.tool_name, asked, options);
    if (loaded === null) throw notFound(runId, checkpointId);
    const checkpoint = external(loaded) ?? bare(runId, checkpointId, definition?.id ?? '');
    return { checkpoint, state: isObject(loaded) ? (own(loaded, 'state') ?? loaded) : loaded };
  }
  const snapshot = await snapshotOf(session, runId);
  const checkpoints = internal(snapshot);
  const at = checkpoints.findIndex((candidate) => candidate.checkpoint_id === checkpointId);
  const checkpoint = checkpoints[at];
  if (checkpoint === undefined) throw notFound(runId, checkpointId);
  return { checkpoint, state: stateAt(snapshot, checkpoints.slice(0, at + 1)) };
}

function request(action: 'list' | 'load', definition: WorkflowDefinition | undefined, runId: string): JsonObject {
  return { action, workflow_id: definition?.id ?? '', run_id: runId };
}

function internal(snapshot: RunSnapshot): Checkpoint[] {
  return Object.entries(snapshot.steps)
    .flatMap(([stepId, step]): Checkpoint[] =>
      step.status === 'done' && step.completed_at !== undefined
        ? [
            {
              checkpoint_id: `${snapshot.run_id}/${stepId}`,
              workflow_id: snapshot.workflow_id,
              step_id: stepId,
              created_at: step.completed_at,
            },
          ]
        : [],
    )
    .sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at));
}

/** The context as it is, with the results of these steps and of the entry point's presets only. */
function stateAt(snapshot: RunSnapshot, reached: readonly Checkpoint[]): JsonObject {
  const done = new Set(reached.map((checkpoint) => checkpoint.step_id));
  const steps = dictionary<JsonValue>();
  for (const [id, step] of Object.entries(snapshot.steps)) {
    if (step.result !== undefined && (done.has(id) || step.status === 'skipped')) steps[id] = step.result;
  }
  return Object.assign(dictionary<JsonValue>(), snapshot.context, { steps: steps });
}

function external(item: JsonValue): Checkpoint | undefined {
  if (!isObject(item)) return undefined;
  const { checkpoint_id, workflow_id, step_id, created_at } = item;
  if (typeof checkpoint_id !== 'string') return undefined;
  return {
    checkpoint_id,
    workflow_id: typeof workflow_id === 'string' ? workflow_id : '',
    step_id: typeof step_id === 'string' ? step_id : '',
    created_at: typeof created_at === 'string' ? created_at : '',
  };
}

/** What the id alone tells, for a tool that gives back nothing but the state. */
function bare(runId: string, checkpointId: string, workflowId: string): Checkpoint {
  const step = checkpointId.startsWith(`${runId}/`) ? checkpointId.slice(runId.length + 1) : '';
  return { checkpoint_id: checkpointId, workflow_id: workflowId, step_id: step, created_at: '' };
}

function notFound(runId: string, checkpointId: string): DistriError {
  return new DistriError('CHECKPOINT_NOT_FOUND', `Run '${runId}' has no checkpoint '${checkpointId}'`, {
    hint: 'List them with `distri-workflow runs checkpoints`.',
  });
}
