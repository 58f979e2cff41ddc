import { isObject, type JsonValue } from '../../definition/json.js';
import { itemValue, resolve, resolveText, type Lookup, type ScopeItem } from '../../definition/references.js';
import type { Inline } from '../inline.js';
import type { ConfigOf } from '../schemas.js';

/** The references of a button template: `{item}` is the element, by the rules of a fan-out's, and the rest is the run's. */
function itemLookup(item: ScopeItem, lookup: Lookup): Lookup {
  return (namespace, path) => (namespace === 'item' ? itemValue(item, path) : lookup(namespace, path));
}

/** A button with its references put in; its label is text by nature. */
function resolveButton(button: JsonValue, lookup: Lookup): JsonValue {
  if (Array.isArray(button)) return button.map((inner) => resolveButton(inner, lookup));
  const resolved = resolve(button, lookup);
  if (isObject(button) && isObject(resolved) && typeof button.label === 'string') {
    resolved.label = resolveText(button.label, lookup);
  }
  return resolved;
}

function rowsOf(buttons: JsonValue | undefined): JsonValue[] {
  if (!Array.isArray(buttons)) return [];
  return buttons.map((row) => (Array.isArray(row) ? row : [row]));
}

export const runReply: Inline<ConfigOf<'reply'>> = (config, lookup) => {
  const rows = rowsOf(config.buttons === undefined ? undefined : resolveButton(config.buttons, lookup));
  const elements = config.buttons_from === undefined ? undefined : resolve(config.buttons_from, lookup);
  if (Array.isArray(elements) && config.button_template !== undefined) {
    for (const [index, value] of elements.entries()) rows.push([resolveButton(config.button_template, itemLookup({ value, index }, lookup))]);
  }
  return { type: 'done', result: { text: resolveText(config.text, lookup), buttons: rows } };
};
