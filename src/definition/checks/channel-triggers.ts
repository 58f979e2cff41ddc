import { isObject, own, type JsonObject } from '../json.js';
import { formatPath, type Path } from '../problems/path.js';
import { listOf, textOf, type CheckContext } from './document.js';

/** Commands that Distri's channels answer themselves. */
const BUILT_IN: ReadonlySet<string> = new Set(
  'start stop disconnect reset new newsession newthread status debug verbose help switch workspace context ctx'.split(' '),
);

/** Refuses triggers of channels that could not tell whom they call: Distri refuses them when it publishes the document. */
export function checkChannelTriggers(context: CheckContext): void {
  const taken = new Map<string, Path>();
  for (const { trigger, path } of triggersOf(context)) {
    for (const { key, what, at } of namesOf(trigger, path)) {
      const first = taken.get(key);
      if (first === undefined) taken.set(key, at);
      else context.findings.error('BAD_TRIGGER', at, `There is a second ${what}`, { hint: `${formatPath(first)} has it already.` });
    }
    for (const { name, at } of slashNames(trigger, path)) {
      if (!BUILT_IN.has(name)) continue;
      context.findings.error('BAD_TRIGGER', at, `The channels answer /${name} themselves`, { hint: 'Choose another name.' });
    }
  }
}

function* triggersOf({ document, path }: CheckContext): Generator<{ trigger: JsonObject; path: Path }> {
  for (const [index, entryPoint] of listOf(own(document, 'entry_points')).entries()) {
    if (!isObject(entryPoint)) continue;
    for (const [position, trigger] of listOf(own(entryPoint, 'triggers')).entries()) {
      if (isObject(trigger)) yield { trigger, path: [...path, 'entry_points', index, 'triggers', position] };
    }
  }
}

/** What of a trigger no other trigger of the document may have. */
function* namesOf(trigger: JsonObject, path: Path): Generator<{ key: string; what: string; at: Path }> {
  const type = own(trigger, 'type');
  if (type === 'message') yield { key: 'message', what: "trigger of type 'message'", at: path };
  const id = textOf(own(trigger, 'id'));
  if (type === 'callback' && id !== undefined) yield { key: `callback ${id}`, what: `callback with the id '${id}'`, at: [...path, 'id'] };
  for (const { name, at } of slashNames(trigger, path)) yield { key: `slash ${name}`, what: `slash command '/${name}'`, at };
}

function* slashNames(trigger: JsonObject, path: Path): Generator<{ name: string; at: Path }> {
  if (own(trigger, 'type') !== 'slash') return;
  const name = textOf(own(trigger, 'name'));
  if (name !== undefined) yield { name: plain(name), at: [...path, 'name'] };
  for (const [index, alias] of listOf(own(trigger, 'aliases')).entries()) {
    if (typeof alias === 'string') yield { name: plain(alias), at: [...path, 'aliases', index] };
  }
}

function plain(name: string): string {
  return name.trim().replace(/^\//, '').toLowerCase();
}
