import { isObject, own } from '../json.js';
import { formatPath, type Path } from '../problems/path.js';
import { checkId } from './graph.js';
import { listOf, textOf, type CheckContext } from './document.js';

/** Ids of the entry points, and the steps that they name. */
export function checkEntryPoints(context: CheckContext): void {
  const { findings, suggestions, byId } = context;
  const seen = new Map<string, Path>();
  for (const [index, entryPoint] of listOf(own(context.document, 'entry_points')).entries()) {
    if (!isObject(entryPoint)) continue;
    const path = [...context.path, 'entry_points', index];
    const id = textOf(own(entryPoint, 'id'));
    checkId(context, id, [...path, 'id']);
    const first = id === undefined ? undefined : seen.get(id);
    if (first !== undefined) {
      const hint = `${formatPath(first)} has it already.`;
      findings.error('DUPLICATE_ENTRY_POINT', [...path, 'id'], `Duplicate entry point id '${id}'`, { hint });
    } else if (id !== undefined) {
      seen.set(id, path);
    }
    const startsAt = textOf(own(entryPoint, 'starts_at'));
    if (startsAt !== undefined && !byId.has(startsAt)) {
      const message = `Entry point '${id ?? index}' references step '${startsAt}' which does not exist`;
      findings.error('UNKNOWN_STARTS_AT', [...path, 'starts_at'], message, {
        hint: suggestions.hint(startsAt, byId.keys()),
      });
    }
    const presets = own(entryPoint, 'preset_results');
    for (const preset of isObject(presets) ? Object.keys(presets) : []) {
      if (byId.has(preset)) continue;
      const message = `preset_results names step '${preset}', which does not exist`;
      const hint = suggestions.hint(preset, byId.keys());
      findings.warn('UNKNOWN_REFERENCE', [...path, 'preset_results', preset], message, { hint, at: 'key' });
    }
  }
}
