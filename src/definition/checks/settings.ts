import { kinds } from '../../kinds/index.js';
import type { Kind } from '../../kinds/kind.js';
import { own } from '../json.js';
import { isGiven, kindsOf, textOf, type CheckContext, type RawStep } from './document.js';

/** Time-outs and retries of steps whose kind has none. */
export function checkSettings({ steps, findings }: CheckContext): void {
  for (const step of steps) {
    const known = knownKinds(step);
    // An unknown kind is reported as such.
    if (known === undefined) continue;
    const names = [...known.keys()].map((type) => `'${type}'`).join(' and ');
    const settings = [...known.values()];
    if (isGiven(step.raw, 'timeout_secs') && !settings.some((kind) => kind.runs === 'activity' || kind.timed === true)) {
      findings.error('BAD_TIMEOUT', [...step.path, 'timeout_secs'], `timeout_secs means nothing to ${names}, which ends at once or at its own time`, {
        hint: 'Leave it out.',
      });
    }
    if (settings.some((kind) => kind.runs === 'activity')) continue;
    for (const field of ['retry', 'queue_timeout_secs']) {
      if (!isGiven(step.raw, field)) continue;
      const message = `${field} has no effect on ${names}, which runs in the engine itself`;
      findings.warn('UNUSED_FIELD', [...step.path, field], message, { hint: 'Leave it out.', at: 'key' });
    }
  }
}

/** What a step may come to do: its kind, or for a condition its branches. Undefined when one of them is not known. */
function knownKinds(step: RawStep): Map<string, Kind> | undefined {
  const known = new Map<string, Kind>();
  for (const { raw } of kindsOf(step)) {
    const type = textOf(own(raw, 'type'));
    const kind: Kind | undefined = type === undefined ? undefined : own<Kind>(kinds, type);
    if (type === undefined || kind === undefined) return undefined;
    known.set(type, kind);
  }
  return known.size === 0 ? undefined : known;
}
