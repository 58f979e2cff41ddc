import { createHash } from 'node:crypto';
import type { Run, StartOptions } from '../../client/index.js';
import { DistriError, RunAlreadyExistsError } from '../../definition/errors.js';
import type { WorkflowDefinition } from '../../definition/types.js';
import type { OwnedTrigger } from '../../store/triggers.js';
import { definitionToRun } from '../../store/workflows.js';
import type { RunStarter } from '../run-starter.js';
import type { TriggerDeps } from './deps.js';

/** A run id that the same cause always gives: Temporal starts one run of an id and no more. */
export function runIdOf({ id, workflowId }: OwnedTrigger, ...cause: readonly string[]): string {
  return `${workflowId}-${createHash('sha256').update(JSON.stringify([id, ...cause])).digest('hex').slice(0, 32)}`;
}

/** What starts runs of triggers. */
export interface TriggerStarts extends Pick<TriggerDeps, 'client' | 'store'> {
  readonly starter: RunStarter;
}

/**
 * Starts the newest version of a trigger's workflow, for its owner. A run with this id that is there already is given.
 * Throws as `RunStarter.startTriggered` and `DistriClient.start`, and `NOT_FOUND` when the workflow is gone.
 */
export async function startTriggered(
  { client, store, starter }: TriggerStarts,
  trigger: OwnedTrigger,
  inputOf: (definition: WorkflowDefinition) => Pick<StartOptions, 'input' | 'inexact'>,
  runId?: string,
): Promise<Run> {
  const workflow = await store.triggers.workflow(trigger.workflowId);
  if (workflow === undefined) throw new DistriError('NOT_FOUND', 'The workflow of the trigger is gone');
  const definition = definitionToRun(workflow.id, workflow);
  try {
    const options = {
      owner: workflow.owner,
      entryPoint: trigger.entryPointId,
      ...inputOf(definition),
      trigger: { id: trigger.id, type: trigger.type },
      ...(runId === undefined ? {} : { runId }),
    };
    return await starter.startTriggered(() => client.start(definition, options));
  } catch (error) {
    if (error instanceof RunAlreadyExistsError) return client.getRun(error.runId);
    throw error;
  }
}
