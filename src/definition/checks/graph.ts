import { describeCircle, findCircles } from '../graph.js';
import { isObject, own } from '../json.js';
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
  const steps = Array.from(byId, ([id, step]) => ({ id, depends_on: step.dependsOn, run_on: runOnOf(step.raw) }));
  for (const circle of findCircles(steps)) {
    const { behindAll, ids } = circle;
    const at = behindAll ?? ids[0] ?? '';
    const path = [...(byId.get(at)?.path ?? []), behindAll === undefined ? 'depends_on' : 'run_on'];
    const hint = behindAll === undefined ? 'Remove one of these dependencies.' : `Give '${behindAll}' a depends_on with the steps that it follows, or give the steps after it a run_on.`;
    findings.error('CIRCULAR_DEPENDENCY', path, describeCircle(circle), { hint });
  }
}

/** A value of another type is an error of the schema. */
function runOnOf(raw: unknown): string | undefined {
  const runOn = isObject(raw) ? own(raw, 'run_on') : undefined;
  return typeof runOn === 'string' ? runOn : undefined;
}
