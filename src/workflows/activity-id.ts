import { cut, isWellFormed } from '../definition/text.js';
import type { Unit } from './unit.js';

const LONGEST = 200;
/** Ends like an id that the engine makes: `~<number>` or a fan-out's `[<index>]`. */
const RESERVED = /(^~|~\d+$|\]$)/;

/** The activity id of a unit: its step's id, unless that is too long or could be taken for one that the engine makes. */
export function activityIdOf({ step, element }: Unit): string {
  const id = stepPart(step.id, step.index);
  return element === undefined ? id : `${id}[${element}]`;
}

function stepPart(stepId: string, index: number): string {
  if (stepId.length <= LONGEST && !RESERVED.test(stepId) && isWellFormed(stepId)) return stepId;
  return `${stepId.startsWith('~') ? 'step' : ''}${cut(stepId, LONGEST - 10)}~${index}`;
}
