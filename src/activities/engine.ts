import { ApplicationFailure } from '@temporalio/activity';
import { DistriError, InvalidDefinitionError, InvalidInputError, type Problem } from '../definition/errors.js';
import type { DefinitionReport, FinalRecord, RunInput } from '../definition/messages.js';
import { checkStart, validateWorkflow } from '../definition/parse.js';
import type { JsonObject } from '../definition/json.js';
import { LIMITS } from '../definition/limits.js';
import { cut, wellFormed } from '../definition/text.js';
import type { WorkflowSource } from './workflow-source.js';

/** The engine's own activities besides the requirement checks. */
export interface EngineActivities {
  /**
   * Fails for good with the problem's code and `[problems]` as details when the run cannot start; while the store does not
   * answer, it fails to be tried again.
   */
  readonly check_definition: (input: Partial<RunInput>) => Promise<DefinitionReport>;
  /** Gives back its argument, so that it is in the run's history. */
  readonly final_snapshot: (record: FinalRecord) => Promise<FinalRecord>;
}

interface EngineDeps {
  /** Whether large payloads are stored outside the history. */
  readonly storage: boolean;
  /** Where children by id come from; without it there are none. */
  readonly workflows?: WorkflowSource;
}

export function createEngineActivities({ storage, workflows }: EngineDeps): EngineActivities {
  return {
    async check_definition(input) {
      try {
        checkDepth(input, input.workflow?.id ?? input.definition?.id);
        const document = input.workflow ? await find(input.workflow, workflows, input.owner) : input.definition;
        const { definition, hash, problems } = validateWorkflow(document);
        if (definition === undefined || hash === undefined) throw new InvalidDefinitionError(problems);
        // The workflow that is named may have an id of its own.
        checkDepth(input, definition.id);
        checkStart(definition, { input: input.input, entryPoint: input.entry_point, env: input.env });
        return { definition, definition_hash: hash, ...(storage ? { storage } : {}) };
      } catch (error) {
        if (error instanceof DistriError) throw error.code === 'STORE_UNAVAILABLE' ? outage(error) : refusal(error);
        // Another attempt would come to the same end.
        throw ApplicationFailure.nonRetryable(wellFormed(String(error)), 'INTERNAL');
      }
    },
    final_snapshot: async (record) => record,
  };
}

/** @throws DistriError `WORKFLOW_NOT_FOUND` */
async function find(
  { id, version }: Required<RunInput>['workflow'],
  source: WorkflowSource | undefined,
  owner: string | undefined,
): Promise<JsonObject> {
  const document = await source?.get(id, version, owner);
  if (document !== undefined) return document;
  const which = `workflow '${id}'${version === undefined ? '' : `, version ${version}`}`;
  const where = source === undefined ? 'the engine workers have no workflows' : 'the engine workers have none of that id and version';
  throw new DistriError('WORKFLOW_NOT_FOUND', `There is no ${which}: ${where}. Keep it in the store that they read, or start them with --workflows and the folder that holds it.`);
}

/** @throws DistriError `TOO_DEEP` */
function checkDepth({ parent }: Partial<RunInput>, id: string | undefined): void {
  const above = parent?.workflow_ids ?? [];
  const path = [...above, id ?? ''].join(' → ');
  if (id !== undefined && above.includes(id)) throw new DistriError('TOO_DEEP', `Workflows run each other in a circle: ${path}`);
  if (above.length >= LIMITS.workflowDepth) throw new DistriError('TOO_DEEP', `Workflows run each other more than ${LIMITS.workflowDepth} deep: ${path}`);
}

function problemsOf(error: DistriError): Problem[] {
  if (error instanceof InvalidDefinitionError) return error.problems.filter((problem) => problem.severity === 'error');
  return error instanceof InvalidInputError ? error.problems : [];
}

function refusal(error: DistriError): ApplicationFailure {
  return ApplicationFailure.nonRetryable(wellFormed(cut(error.message, 10_000)), error.code, problemsOf(error).slice(0, 100));
}

/** A run outlives an outage: it starts when the workflow can be read. */
function outage(error: DistriError): ApplicationFailure {
  return ApplicationFailure.retryable(wellFormed(cut(error.message, 10_000)), error.code);
}
