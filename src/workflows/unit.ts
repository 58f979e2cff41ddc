import type { Lookup } from '../definition/references.js';
import type { FanOut } from './fan-out.js';
import type { PlanStep } from './plan.js';
import type { StepState } from './state.js';

/** What starts, waits, blocks and ends by itself: a step, or one element of its fan-out. */
export interface Unit {
  /** Names it within the machine: that of a step is the step's, those of elements are above all steps. */
  readonly index: number;
  readonly step: PlanStep;
  readonly state: StepState;
  /** The run's references as it sees them. */
  readonly lookup: Lookup;
  /** Of an element: the fan-out, and its position in the list. */
  readonly fan?: FanOut;
  readonly element?: number;
}

/** Whether it takes its turn in document order. */
export function isSequential({ step, fan }: Unit): boolean {
  return fan === undefined && !step.parallel;
}
