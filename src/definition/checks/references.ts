import { isObject, own, type JsonValue } from '../json.js';
import type { Path } from '../problems/path.js';
import { referencesIn } from '../references.js';
import { innerWorkflow } from '../own-texts.js';
import { checkExpressions } from './expressions.js';
import { aliasesOf } from './for-each.js';
import type { CheckContext, RawStep } from './document.js';
import { Order } from './order.js';

interface Place {
  readonly value: JsonValue;
  readonly parent: Place | undefined;
  readonly key: string | number;
}

/** Expressions, and warnings about references that cannot find what they name. */
export function checkReferences(context: CheckContext): void {
  const dotted = [...context.byId.keys()].filter((id) => id.includes('.'));
  const check = new ReferenceCheck(context, new DottedKeys(dotted), new DottedKeys(dottedInputs(context)));
  for (const step of context.steps) {
    for (const { path, references } of checkExpressions(step, context)) {
      for (const reference of references) check.reference(reference, path, step);
    }
    for (const field of ['input', 'kind', 'for_each'] as const) {
      const value = own(step.raw, field);
      if (value !== undefined) check.texts(value, [...step.path, field], step);
    }
  }
  const output = own(context.document, 'output');
  if (output !== undefined) check.texts(output, [...context.path, 'output'], undefined);
}

/** Input properties that the input schema declares with a dot in their name. */
function dottedInputs({ document, wrapper = {} }: CheckContext): string[] {
  const schema = own(document, 'input_schema') ?? own(wrapper, 'input_schema');
  const properties = isObject(schema) ? own(schema, 'properties') : undefined;
  return isObject(properties) ? Object.keys(properties).filter((name) => name.includes('.')) : [];
}

/** Names with dots, found by what a path to them would begin with. */
class DottedKeys {
  private readonly byFirst = new Map<string, string[]>();

  constructor(keys: readonly string[]) {
    for (const key of keys) {
      const first = key.slice(0, key.indexOf('.'));
      const known = this.byFirst.get(first);
      if (known === undefined) this.byFirst.set(first, [key]);
      else if (known.length < 100) known.push(key);
    }
  }

  /** The key that a path tries to reach: the path is it, or goes on below it. */
  reachedBy(path: string): string | undefined {
    const first = path.slice(0, path.includes('.') ? path.indexOf('.') : undefined);
    return this.byFirst.get(first)?.find((key) => path === key || path.startsWith(`${key}.`));
  }
}

class ReferenceCheck {
  private readonly order: Order;

  constructor(
    private readonly context: CheckContext,
    private readonly dottedSteps: DottedKeys,
    private readonly dottedInputs: DottedKeys,
  ) {
    this.order = new Order(context);
  }

  /** Looks at every text in the value; paths are made only for those with something to say. */
  texts(value: JsonValue, path: Path, step: RawStep | undefined): void {
    const pending: Place[] = [{ value, parent: undefined, key: '' }];
    for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
      const at = place;
      if (typeof at.value === 'string') {
        if (!at.value.includes('{')) continue;
        for (const reference of referencesIn(at.value, aliasesOf(step))) this.reference(reference, () => [...path, ...keysTo(at)], step);
      } else if (typeof at.value === 'object' && at.value !== null) {
        const inner = isObject(at.value) ? innerWorkflow(at.value) : undefined;
        for (const [key, child] of Object.entries(at.value)) {
          if (child === inner) continue;
          const name = Array.isArray(at.value) ? Number(key) : key;
          pending.push({ value: child, parent: at, key: name });
        }
      }
    }
  }

  reference(reference: string, path: Path | (() => Path), step: RawStep | undefined): void {
    const [namespace = ''] = reference.split('.', 1);
    const rest = reference.slice(namespace.length + 1);
    if (rest === '') return;
    const warning =
      namespace === 'steps' ? this.stepWarning(reference, rest, step) : this.inputWarning(namespace, reference, rest);
    if (warning === undefined) return;
    const { code, message, hint } = warning;
    this.context.findings.warn(code, typeof path === 'function' ? path() : path, message, { hint });
  }

  private stepWarning(reference: string, rest: string, step: RawStep | undefined): Warning | undefined {
    const { byId, suggestions } = this.context;
    const [id = ''] = rest.split('.', 1);
    const target = byId.get(id);
    if (target === undefined) {
      const dotted = this.dottedSteps.reachedBy(rest);
      if (dotted !== undefined) return unreachable(reference, `step '${dotted}'`);
      const hint = suggestions.hint(id, byId.keys());
      return {
        code: 'UNKNOWN_REFERENCE',
        message: `{${reference}} refers to step '${id}', which does not exist`,
        hint,
      };
    }
    if (step === undefined || !this.order.runsLater(target, step)) return undefined;
    const message =
      target === step
        ? `{${reference}} refers to the step itself`
        : `{${reference}} refers to step '${id}', which runs later`;
    return {
      code: 'UNKNOWN_REFERENCE',
      message,
      hint: 'A reference without a value stays in the text as it is written.',
    };
  }

  private inputWarning(namespace: string, reference: string, rest: string): Warning | undefined {
    const dotted = namespace === 'input' ? this.dottedInputs.reachedBy(rest) : undefined;
    return dotted === undefined ? undefined : unreachable(reference, `input '${dotted}'`);
  }
}

interface Warning {
  readonly code: 'UNKNOWN_REFERENCE' | 'UNREACHABLE_KEY';
  readonly message: string;
  readonly hint: string | undefined;
}

function unreachable(reference: string, what: string): Warning {
  return {
    code: 'UNREACHABLE_KEY',
    message: `{${reference}} cannot reach ${what}: a dot in a reference always begins the next key`,
    hint: 'Use a name without dots.',
  };
}

function keysTo(place: Place): Path {
  const keys: (string | number)[] = [];
  for (let at = place; at.parent !== undefined; at = at.parent) keys.push(at.key);
  return keys.reverse();
}
