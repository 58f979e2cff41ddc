import { ApplicationFailure } from '@temporalio/activity';
import { DistriError, InvalidDefinitionError, InvalidInputError, type Problem } from '../definition/errors.js';
import type { DefinitionReport, FinalRecord, RunInput } from '../definition/messages.js';
import { checkStart, validateWorkflow } from '../definition/parse.js';
import { cut, wellFormed } from '../definition/text.js';

/** The engine's own activities besides the requirement checks. */
export interface EngineActivities {
  /** Fails for good with the problem's code and `[problems]` as details when the run cannot start. */
  readonly check_definition: (input: Partial<RunInput>) => Promise<DefinitionReport>;
  /** Gives back its argument, so that it is in the run's history. */
  readonly final_snapshot: (record: FinalRecord) => Promise<FinalRecord>;
}

/** `storage`: whether large payloads are stored outside the history. */
export function createEngineActivities(storage: boolean): EngineActivities {
  return {
    async check_definition(input) {
      try {
        const { definition, hash, problems } = validateWorkflow(input.definition);
        if (definition === undefined || hash === undefined) throw new InvalidDefinitionError(problems);
        checkStart(definition, { input: input.input, entryPoint: input.entry_point, env: input.env });
        return { definition, definition_hash: hash, ...(storage ? { storage } : {}) };
      } catch (error) {
        if (error instanceof DistriError) throw refusal(error);
        // Another attempt would come to the same end.
        throw ApplicationFailure.nonRetryable(wellFormed(String(error)), 'INTERNAL');
      }
    },
    final_snapshot: async (record) => record,
  };
}

function problemsOf(error: DistriError): Problem[] {
  if (error instanceof InvalidDefinitionError) return error.problems.filter((problem) => problem.severity === 'error');
  return error instanceof InvalidInputError ? error.problems : [];
}

function refusal(error: DistriError): ApplicationFailure {
  return ApplicationFailure.nonRetryable(wellFormed(cut(error.message, 10_000)), error.code, problemsOf(error).slice(0, 100));
}
