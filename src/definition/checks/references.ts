import { isObject, own, type JsonValue } from '../json.js';
import type { Path } from '../problems/path.js';
import { bracedPaths, NAMESPACES, referencesIn } from '../references.js';
import { innerWorkflow } from '../own-texts.js';
import { checkExpressions } from './expressions.js';
import { aliasesOf } from './for-each.js';
import { isGiven, type CheckContext, type RawStep } from './document.js';
import { Order } from './order.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

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

function inputSchemaOf({ document, wrapper = {} }: CheckContext): JsonValue | undefined {
  return own(document, 'input_schema') ?? own(wrapper, 'input_schema');
}

function closedInputsOf(context: CheckContext): string[] | undefined {
  const schema = inputSchemaOf(context);
  if (!isObject(schema) || own(schema, 'additionalProperties') !== false || own(schema, 'patternProperties') !== undefined) return undefined;
  const properties = own(schema, 'properties');
  return isObject(properties) ? Object.keys(properties) : undefined;
}

/** Whether there is an element at this place: in the kind and the mapping of a fan-out, and in a button template. */
function hasItem(step: RawStep | undefined, at: Path): boolean {
  if (at.includes('button_template')) return true;
  if (step === undefined || !isGiven(step.raw, 'for_each')) return false;
  const field = at[step.path.length];
  return field === 'kind' || field === 'input';
}

function noItem(reference: string): Warning {
  return {
    code: 'UNKNOWN_REFERENCE',
    message: `{${reference}} has no element here, so it has no value`,
    hint: "{item} is the element of a fan-out, in the step's kind and input: give the step a for_each.",
  };
}

/** Input properties that the input schema declares with a dot in their name. */
function dottedInputs(context: CheckContext): string[] {
  const schema = inputSchemaOf(context);
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
  /** The inputs that there can be, when the schema allows no others. */
  private readonly closedInputs: readonly string[] | undefined;

  constructor(
    private readonly context: CheckContext,
    private readonly dottedSteps: DottedKeys,
    private readonly dottedInputs: DottedKeys,
  ) {
    this.order = new Order(context);
    this.closedInputs = closedInputsOf(context);
  }

  /** Looks at every text in the value; paths are made only for those with something to say. */
  texts(value: JsonValue, path: Path, step: RawStep | undefined): void {
    const pending: Place[] = [{ value, parent: undefined, key: '' }];
    for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
      const at = place;
      if (typeof at.value === 'string') {
        if (!at.value.includes('{')) continue;
        const here = (): Path => [...path, ...keysTo(at)];
        for (const reference of referencesIn(at.value, aliasesOf(step))) this.reference(reference, here, step);
        this.misspelt(at.value, here, step);
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

  /** Warns of braces that look like a reference by another name, once for each name. */
  private misspelt(text: string, path: () => Path, step: RawStep | undefined): void {
    const names = [...NAMESPACES, ...aliasesOf(step)];
    const seen = new Set<string>();
    for (const { namespace, path: keys } of bracedPaths(text)) {
      const name = namespace.trim();
      if (names.includes(namespace) || seen.has(namespace) || !NAME.test(name)) continue;
      seen.add(namespace);
      const written = [namespace, ...keys].join('.');
      const blanks = names.includes(name);
      const nearest = blanks ? undefined : this.context.suggestions.hint(name, names);
      if (!blanks && (keys.length === 0 || nearest === undefined)) continue;
      const hint = blanks ? `Write {${written.trim()}}: a reference has no white space and single braces.` : nearest;
      const message = `{${written}} is no reference, so it stays in the text as it is written`;
      this.context.findings.warn('UNKNOWN_REFERENCE', path(), message, { hint });
    }
  }

  reference(reference: string, path: Path | (() => Path), step: RawStep | undefined): void {
    const [namespace = ''] = reference.split('.', 1);
    const rest = reference.slice(namespace.length + 1);
    const at = typeof path === 'function' ? path() : path;
    const warning = this.warningOf(namespace, reference, rest, step, at);
    if (warning === undefined) return;
    const { code, message, hint } = warning;
    this.context.findings.warn(code, at, message, { hint });
  }

  private warningOf(namespace: string, reference: string, rest: string, step: RawStep | undefined, at: Path): Warning | undefined {
    if (namespace === 'item') return hasItem(step, at) ? undefined : noItem(reference);
    if (rest === '') return undefined;
    return namespace === 'steps' ? this.stepWarning(reference, rest, step) : this.inputWarning(namespace, reference, rest);
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
    if (dotted !== undefined) return unreachable(reference, `input '${dotted}'`);
    const [name = ''] = rest.split('.', 1);
    if (namespace !== 'input' || this.closedInputs?.includes(name) !== false) return undefined;
    return {
      code: 'UNKNOWN_REFERENCE',
      message: `{${reference}} refers to input '${name}', which the input_schema does not allow`,
      hint: this.context.suggestions.hint(name, this.closedInputs),
    };
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
