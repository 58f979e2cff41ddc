import { findCycles } from '../graph.js';
import { own } from '../json.js';
import { formatPath, type Path } from '../problems/path.js';
import { isWellFormed, wellFormed } from '../text.js';
import type { CheckContext } from './document.js';

/** Ids of the document and its steps, and what steps depend on. */
export function checkGraph(context: CheckContext): void {
  checkId(context, own(context.document, 'id'), [...context.path, 'id']);
  for (const step of context.steps) {
    const path = [...step.path, 'id'];
    checkId(context, step.id, path);
    const first = step.id === undefined ? undefined : context.byId.get(step.id);
    if (first === undefined || first === step) continue;
    context.findings.error('DUPLICATE_STEP_ID', path, `Duplicate step id '${step.id}'`, {
      hint: `${formatPath(first.path)} has it already.`,
    });
  }
  checkDependencies(context);
  checkCycles(context);
}

/** Emptiness and length are a matter of the schema. */
export function checkId(context: CheckContext, id: unknown, path: Path): void {
  if (typeof id !== 'string' || isWellFormed(id)) return;
  const message = `The id '${wellFormed(id)}' is not well-formed text: it holds half of a surrogate pair`;
  context.findings.error('BAD_ID', path, message);
}

function checkDependencies({ steps, byId, findings, suggestions }: CheckContext): void {
  for (const step of steps) {
    const dependsOn = own(step.raw, 'depends_on');
    if (!Array.isArray(dependsOn)) continue;
    for (const [index, id] of dependsOn.entries()) {
      if (typeof id !== 'string' || byId.has(id)) continue;
      const name = step.id === undefined ? 'The step' : `Step '${step.id}'`;
      findings.error(
        'UNKNOWN_DEPENDENCY',
        [...step.path, 'depends_on', index],
        `${name} depends on unknown step '${id}'`,
        {
          hint: suggestions.hint(id, byId.keys()),
        },
      );
    }
  }
}

function checkCycles({ byId, findings }: CheckContext): void {
  const steps = Array.from(byId, ([id, step]) => ({ id, depends_on: step.dependsOn }));
  for (const cycle of findCycles(steps)) {
    const path = byId.get(cycle[0] ?? '')?.path ?? [];
    findings.error(
      'CIRCULAR_DEPENDENCY',
      [...path, 'depends_on'],
      `Circular dependency detected: ${cycle.join(' → ')}`,
      {
        hint: 'Remove one of these dependencies.',
      },
    );
  }
}
