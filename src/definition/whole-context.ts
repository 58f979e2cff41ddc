import { isObject } from './json.js';
import type { StepKind, WorkflowStep } from './types.js';
import { kinds } from '../kinds/index.js';

/** Whether a step is sent the run's whole context when it does what this kind says. */
export function getsContext(kind: StepKind, step: WorkflowStep): boolean {
  const plain = kinds[kind.type];
  if (plain.runs !== 'activity' || step.input != null || step.context === false) return false;
  switch (plain.context) {
    case 'never':
      return false;
    case 'unless_mapped':
      return true;
    case 'unless_input': {
      const input = 'input' in kind ? kind.input : undefined;
      return input === undefined || input === null || (isObject(input) && Object.keys(input).length === 0);
    }
  }
}

/** Whether a step, or a branch of it, is sent the run's whole context. */
export function mayGetContext(step: WorkflowStep, kind: StepKind = step.kind): boolean {
  if (kind.type !== 'condition') return getsContext(kind, step);
  return [kind.if_true, kind.if_false].some((branch) => branch != null && mayGetContext(step, branch));
}
