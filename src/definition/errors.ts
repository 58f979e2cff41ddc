import type { Code } from './codes.js';
import type { MigrationPlan } from './migration.js';
import type { RunSnapshot } from './snapshot.js';

/** One thing that is wrong, or worth a look, in a document, an input or an answer. */
export interface Problem {
  severity: 'error' | 'warning';
  code: Code;
  /** JSON path, e.g. `$.steps[2].kind.url`. */
  path: string;
  /** 1-based position in the file, when the document came from one. */
  line?: number;
  column?: number;
  message: string;
  hint?: string;
}

/** Base of all errors that this project throws at its callers. `code` is stable; match on it, not on the text. */
export class DistriError extends Error {
  readonly hint?: string;
  constructor(
    readonly code: Code,
    message: string,
    options?: { cause?: unknown; hint?: string },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    if (options?.hint !== undefined) this.hint = options.hint;
  }
}

/** How many problems a message names; the rest are in `problems`. */
const MAX_NAMED = 20;

function summary(problems: readonly Problem[]): string {
  const errors = problems.filter((problem) => problem.severity === 'error');
  const named = errors.slice(0, MAX_NAMED).map((problem) => `${problem.path}: ${problem.message}`);
  if (errors.length > MAX_NAMED) named.push(`and ${errors.length - MAX_NAMED} more`);
  return named.join('; ');
}

/** The document cannot run. Thrown before anything starts; `problems` lists everything, warnings too. */
export class InvalidDefinitionError extends DistriError {
  constructor(readonly problems: Problem[]) {
    super(problems.find((problem) => problem.severity === 'error')?.code ?? 'NOT_A_WORKFLOW', summary(problems));
  }
}

/** The input, entry point or variables do not fit the definition. Thrown before anything starts. */
export class InvalidInputError extends DistriError {
  constructor(
    code: Code,
    message: string,
    readonly problems: Problem[] = [],
  ) {
    super(code, message);
  }
}

/** The run id is taken; the run that has it is untouched. */
export class RunAlreadyExistsError extends DistriError {
  constructor(readonly runId: string) {
    super('RUN_ALREADY_EXISTS', `A run with the id '${runId}' already exists`, {
      hint: 'Choose another run id, or look at the existing run with `distri-workflow runs show`.',
    });
  }
}

/** No run has this id in the namespace. */
export class RunNotFoundError extends DistriError {
  constructor(readonly runId: string) {
    super('RUN_NOT_FOUND', `There is no run with the id '${runId}'`);
  }
}

/** The run ended as failed or canceled. `snapshot` holds every finished step's result. */
export class RunFailedError extends DistriError {
  constructor(
    code: Code,
    message: string,
    readonly snapshot: RunSnapshot,
  ) {
    super(code, message);
  }
}

/** The answer does not fit the step's schema; the step still waits. */
export class AnswerRefusedError extends DistriError {
  constructor(
    message: string,
    readonly problems: Problem[],
  ) {
    super('ANSWER_REFUSED', message);
  }
}

/** The step, or the element of it, does not exist, or does not wait for an answer. The hint names what of it does. */
export class StepNotWaitingError extends DistriError {
  constructor(
    readonly stepId: string,
    readonly index?: number,
    hint?: string,
  ) {
    const element = index === undefined ? '' : `, element ${index},`;
    super('STEP_NOT_WAITING', `Step '${stepId}'${element} not found or not in waiting_for_input state`, hint === undefined ? {} : { hint });
  }
}

/** The step does not exist, or the run does not hold for it, so there is nothing to run again. */
export class StepNotHeldError extends DistriError {
  constructor(
    readonly stepId: string,
    message = `The run does not hold for step '${stepId}'`,
  ) {
    super('STEP_NOT_HELD', message, {
      hint: 'Only a failed step can be retried, of a run that holds for it: give the document "on_failure": "hold".',
    });
  }
}

/** The step does not exist, runs, or has ended. */
export class StepNotSkippableError extends DistriError {
  constructor(
    readonly stepId: string,
    message = `Step '${stepId}' does not exist, runs, or has ended`,
  ) {
    super('STEP_NOT_SKIPPABLE', message, {
      hint: 'A step can be skipped before it starts, while it waits or is blocked, and when the run holds for it.',
    });
  }
}

/** The run cannot be moved to the definition, or not before something is decided; it goes on as it was. */
export class MigrationError extends DistriError {
  constructor(
    code: 'MIGRATION_REFUSED' | 'MIGRATION_UNDECIDED',
    message: string,
    /** What the move would mean, by step. */
    readonly plan: MigrationPlan | undefined,
  ) {
    super(code, message);
  }
}

/** The run has ended, so there is nothing left to pause or to go on. */
export class RunEndedError extends DistriError {
  constructor(readonly runId: string) {
    super('RUN_ENDED', `Run '${runId}' has ended`);
  }
}
