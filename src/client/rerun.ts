import { DistriError, InvalidDefinitionError, InvalidInputError, RunNotFoundError } from '../definition/errors.js';
import { describeCircle, findCircles } from '../definition/graph.js';
import { isObject, own, type JsonObject, type JsonValue } from '../definition/json.js';
import type { RunInput } from '../definition/messages.js';
import { changedKeys, planRerun, seedOf, type RerunPlan, type RerunRequest } from '../definition/rerun.js';
import type { RunSnapshot } from '../definition/snapshot.js';
import type { WorkflowDefinition } from '../definition/types.js';
import { describe, infoOf, type Described, type RunInfo } from './info.js';
import { listRuns } from './list.js';
import { retell, startOf } from './retell.js';
import type { Session } from './session.js';
import { hasEnded, snapshotOf } from './snapshot.js';
import { startRun, type Started } from './start.js';
import { checkedDefinition, type StartOptions } from './start-request.js';

/** How to run a run again; whatever is left out is as it was in that run. */
export interface RerunOptions extends Omit<StartOptions, 'entryPoint'> {
  /** Steps to run again, with all that depends on them. Failed and unfinished steps always run again. */
  from?: readonly string[];
  /** Results to put in place of those that steps had. */
  results?: { readonly [stepId: string]: JsonValue };
  /** A newer definition. The run stays one of its workflow: the id is that of the old definition. */
  definition?: unknown;
}

/** A run that is to be run again, and what that means. */
export interface PreparedRerun {
  readonly plan: RerunPlan;
  start(): Promise<Started>;
}

/**
 * Plans a rerun: which steps run again, which keep their results. Throws `RunNotFoundError`, `InvalidDefinitionError`,
 * `InvalidInputError` (`UNKNOWN_STEP` for one that is not there), and `NO_WORKER` for a live run that cannot be asked.
 */
export async function prepareRerun(session: Session, runId: string, options: RerunOptions): Promise<PreparedRerun> {
  const described = await describe(session, runId);
  const before = await startOf(session, described.execution);
  if (before === undefined) throw new DistriError('RUN_NOT_FOUND', `What run '${runId}' was started with cannot be read`);
  const { from = [], results, definition: given, input = before.input, env = before.env, ...rest } = options;
  const definition = given === undefined ? before.definition : checkedDefinition(session, given, before.definition.id);
  checkEnds(definition);
  const snapshot = await withOmitted(session, described, await snapshotOf(session, runId));
  const entryPoint = definition.entry_points?.find((candidate) => candidate.id === before.entry_point);
  const request: RerunRequest = {
    from,
    ...(results === undefined ? {} : { results }),
    before: before.definition,
    entryPoint,
    changedInput: changedKeys(inputOf(before.definition, before.input), inputOf(definition, input)),
  };
  const plan = planRerun(definition, snapshot, request);
  const owner = rest.owner ?? (await infoOf(session, described.raw.workflowExecutionInfo ?? {})).owner;
  return {
    plan,
    start: async () => {
      checkRuns(runId, plan);
      const origin: Pick<RunInput, 'seed' | 'rerun_of'> = {
        seed: seedOf(definition, snapshot, plan, request),
        rerun_of: { run_id: runId, from: [...from] },
      };
      const start = { ...rest, ...(input && { input }), ...(env && { env }), ...(owner && { owner }), ...(entryPoint && { entryPoint: entryPoint.id }) };
      return startRun(session, definition, start, origin);
    },
  };
}

/** Runs of older versions may have begun with a document that never ends. */
function checkEnds({ steps }: WorkflowDefinition): void {
  const [circle] = findCircles(steps);
  if (circle === undefined) return;
  throw new InvalidDefinitionError([{ severity: 'error', code: 'CIRCULAR_DEPENDENCY', path: '$.steps', message: describeCircle(circle) }]);
}

function checkRuns(runId: string, { run }: RerunPlan): void {
  if (run.length > 0) return;
  throw new InvalidInputError('NOTHING_TO_RERUN', `No step of run '${runId}' would run again: all are done. Name the steps to begin from.`);
}

function inputOf(definition: WorkflowDefinition, input: JsonObject | undefined): JsonObject {
  const initial = own(definition.context ?? {}, 'input');
  return input ?? (isObject(initial) ? initial : {});
}

/** Results that were too large for the snapshot, from history where they are there. */
async function withOmitted(session: Session, described: Described, snapshot: RunSnapshot): Promise<RunSnapshot> {
  if (!Object.values(snapshot.steps).some((step) => step.result_omitted !== undefined)) return snapshot;
  const told = await retell(session, described.execution, { status: hasEnded(described) ? 'completed' : 'running' });
  const steps = Object.entries(snapshot.steps).map(([id, step]): [string, RunSnapshot['steps'][string]] => {
    const result = step.result_omitted === undefined ? undefined : own(told.steps, id)?.result;
    return [id, result === undefined ? step : { ...step, result }];
  });
  return { ...snapshot, steps: Object.fromEntries(steps) };
}

/** The reruns of a run, newest first; a new one shows after up to a few seconds. */
export async function* listReruns(session: Session, runId: string): AsyncGenerator<RunInfo, void> {
  const { raw } = await describe(session, runId);
  const info = raw.workflowExecutionInfo ?? {};
  const original = await infoOf(session, info);
  const since = await firstStart(session, runId, info.firstRunId ?? original.temporal_run_id, original);
  for await (const run of listRuns(session, { workflowId: original.workflow_id, ...(since === undefined ? {} : { startedAfter: since }) })) {
    if (run.rerun_of === runId) yield run;
  }
}

/** When a run started that may have continued as new since; undefined when its first execution is past its retention. */
async function firstStart(session: Session, runId: string, first: string, now: RunInfo): Promise<string | undefined> {
  if (first === now.temporal_run_id) return now.started_at;
  try {
    const { raw } = await describe(session, runId, first);
    return (await infoOf(session, raw.workflowExecutionInfo ?? {})).started_at;
  } catch (error) {
    if (error instanceof RunNotFoundError) return undefined;
    throw error;
  }
}
