import { cut, isWellFormed } from '../definition/text.js';

const LONGEST = 200;
/** Ends like an id that the engine makes: `~<number>` or a fan-out's `[<index>]`. */
const RESERVED = /(^~|~\d+$|\]$)/;

/** The activity id of a step: its own id, unless that is too long or could be taken for one that the engine makes. */
export function activityIdOf(stepId: string, index: number): string {
  if (stepId.length <= LONGEST && !RESERVED.test(stepId) && isWellFormed(stepId)) return stepId;
  return `${stepId.startsWith('~') ? 'step' : ''}${cut(stepId, LONGEST - 10)}~${index}`;
}
