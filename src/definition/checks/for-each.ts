import { isObject, own } from '../json.js';
import { NAMESPACES, referencesIn } from '../references.js';
import { textOf, type CheckContext, type RawStep } from './document.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What a fan-out runs over, and how it calls its elements. */
export function checkForEach({ steps, findings }: CheckContext): void {
  for (const step of steps) {
    const forEach = own(step.raw, 'for_each');
    if (!isObject(forEach)) continue;
    const items = textOf(own(forEach, 'items'));
    if (items !== undefined && !isReference(items)) {
      const message = `items must be a list or exactly one reference to one, not '${items}'`;
      findings.error('BAD_ITEMS', [...step.path, 'for_each', 'items'], message, { hint: 'Write it as {input.rows} or {steps.fetch.rows}.' });
    }
    const name = textOf(own(forEach, 'as'));
    if (name === undefined || (NAME.test(name) && !NAMESPACES.includes(name))) continue;
    const message = `as must be a name of letters, digits and _ that begins no other reference, not '${name}'`;
    findings.error('BAD_ITEMS', [...step.path, 'for_each', 'as'], message, { hint: 'Write it as row; {row} and {row_index} are the element then.' });
  }
}

function isReference(text: string): boolean {
  const [reference, ...others] = referencesIn(text);
  return reference !== undefined && others.length === 0 && text.trim() === `{${reference}}`;
}

/** Names that begin references to the element in a fan-out's texts, besides the usual ones. */
export function aliasesOf(step: RawStep | undefined): string[] {
  const forEach = step && own(step.raw, 'for_each');
  const name = isObject(forEach) ? textOf(own(forEach, 'as')) : undefined;
  return name === undefined ? [] : [name, `${name}_index`];
}
