import { isObject, own } from '../json.js';
import { SchemaCheck } from '../json-schema/check.js';
import { kindsOf, listOf, type CheckContext } from './document.js';

/** Every JSON Schema of the document: of its input, of answers and of tool triggers. */
export function checkSchemas(context: CheckContext): void {
  const { document, path, wrapper, steps } = context;
  const check = new SchemaCheck(context.findings);
  check.check(own(document, 'input_schema'), [...path, 'input_schema']);
  if (wrapper !== undefined) check.check(own(wrapper, 'input_schema'), ['input_schema']);
  for (const step of steps) {
    for (const kind of kindsOf(step)) {
      if (own(kind.raw, 'type') === 'wait_for_input') check.check(own(kind.raw, 'schema'), [...kind.path, 'schema']);
    }
  }
  for (const [index, entryPoint] of listOf(own(document, 'entry_points')).entries()) {
    const triggers = isObject(entryPoint) ? listOf(own(entryPoint, 'triggers')) : [];
    for (const [number, trigger] of triggers.entries()) {
      if (!isObject(trigger)) continue;
      check.check(own(trigger, 'input_schema'), [...path, 'entry_points', index, 'triggers', number, 'input_schema']);
    }
  }
}
