import { kinds } from '../../kinds/index.js';
import type { Kind } from '../../kinds/kind.js';
import { codes } from '../codes.js';
import { isObject, own } from '../json.js';
import { isGiven, kindsOf, textOf, type CheckContext, type RawStep } from './document.js';

/** Time-outs and retries of steps whose kind has none, and rules for retries that name nothing. */
export function checkSettings({ steps, findings }: CheckContext): void {
  for (const step of steps) {
    checkNames(step, findings);
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

/** Codes of failures, and statuses of answers. */
function checkNames({ raw, path }: RawStep, findings: CheckContext['findings']): void {
  const retry = own(raw, 'retry');
  if (!isObject(retry)) return;
  for (const field of ['non_retryable', 'on']) {
    const names = own(retry, field);
    for (const [index, name] of (Array.isArray(names) ? names : []).entries()) {
      if (typeof name !== 'string' || Object.hasOwn(codes, name) || /^(HTTP_)?[1-5]\d\d$|^[1-5]xx$/.test(name)) continue;
      findings.warn('UNKNOWN_CODE', [...path, 'retry', field, index], `No failure has the code '${name}', so the rule has no effect`, {
        hint: 'Name a code such as HTTP_NETWORK, or a status as 404, "HTTP_404" or "4xx".',
      });
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
