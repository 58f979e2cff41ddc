import { DistriError } from './errors.js';
import type { JsonValue } from './json.js';
import { NAMESPACES, type Lookup } from './references.js';

const isArray = Array.isArray;
const hasOwn = Object.hasOwn;

/** The text is no expression. `position` counts UTF-16 units from 0. */
export class ExpressionError extends DistriError {
  constructor(
    message: string,
    readonly position: number,
  ) {
    super('BAD_EXPRESSION', `${message} (at character ${position + 1})`, {
      hint: 'An expression is a reference, !reference, reference == "text" or reference != "text".',
    });
  }
}

/** A checked expression. Plain data. */
export interface Expression {
  readonly namespace: string;
  readonly path: readonly string[];
  /** Whether the outcome of the test is turned round. */
  readonly negated: boolean;
  /** `truthy`: the value counts as true. `equals`: the value as text is `text`. */
  readonly test: { readonly type: 'truthy' } | { readonly type: 'equals'; readonly text: string };
}

/**
 * Reads the expression of a `skip_if` or a condition. A path that begins with none of {@link NAMESPACES} and `aliases` is
 * one of the input: `approved` is `input.approved`.
 *
 * @throws ExpressionError when the text is no expression.
 */
export function parseExpression(text: string, aliases: readonly string[] = []): Expression {
  let position = skipSpace(text, 0);
  if (position === text.length) throw new ExpressionError('The expression is empty: expected a reference', 0);
  let negated = false;
  while (text[position] === '!' && text[position + 1] !== '=') {
    negated = !negated;
    position = skipSpace(text, position + 1);
  }
  const reference = readReference(text, position, aliases);
  position = skipSpace(text, reference.end);
  const { namespace, path } = reference;
  if (position === text.length) return { namespace, path, negated, test: { type: 'truthy' } };
  const isDifference = readOperator(text, position) === '!=';
  const right = readRight(text, skipSpace(text, position + 2));
  return { namespace, path, negated: negated !== isDifference, test: { type: 'equals', text: right } };
}

/** Whether the expression holds. A reference without a value is falsy and equals nothing. */
export function evaluate(expression: Expression, lookup: Lookup): boolean {
  const value = lookup(expression.namespace, expression.path);
  const { test } = expression;
  const holds = test.type === 'truthy' ? isTruthy(value) : scalarText(value) === test.text;
  return holds !== expression.negated;
}

/** The paths that the expression refers to, e.g. `steps.review.approved`. */
export function expressionReferences(expression: Expression): string[] {
  return [[expression.namespace, ...expression.path].join('.')];
}

function isTruthy(value: JsonValue | undefined): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value);
  if (isArray(value)) return value.length > 0;
  for (const key in value) if (hasOwn(value, key)) return true;
  return false;
}

/** null, arrays and objects have no text: they equal nothing. */
function scalarText(value: JsonValue | undefined): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
      return `${value}`;
    default:
      return undefined;
  }
}

interface ReadReference {
  namespace: string;
  path: string[];
  end: number;
}

function readReference(text: string, start: number, aliases: readonly string[]): ReadReference {
  const isBraced = text[start] === '{';
  const from = isBraced ? start + 1 : start;
  const end = isBraced ? closingBrace(text, start) : wordEnd(text, start);
  const segments = text.slice(from, end).split('.');
  if (segments.includes('')) {
    throw new ExpressionError('Expected a reference such as input.approved, without empty parts', from);
  }
  const isNamespaced = NAMESPACES.includes(segments[0] ?? '') || aliases.includes(segments[0] ?? '');
  if (isBraced) refuseOperators(segments, from);
  const [namespace = 'input', ...path] = isNamespaced ? segments : ['input', ...segments];
  return { namespace, path, end: isBraced ? end + 1 : end };
}

function closingBrace(text: string, open: number): number {
  const close = text.indexOf('}', open);
  const nested = text.indexOf('{', open + 1);
  if (close === -1 || (nested !== -1 && nested < close)) {
    throw new ExpressionError("Unbalanced braces: expected '}' after the reference", open);
  }
  if (text.slice(open + 1, close).trim() === '') throw new ExpressionError('Expected a reference between the braces', open);
  if (isSpace(text[open + 1])) throw new ExpressionError("Expected the reference right after '{', without white space", open + 1);
  return close;
}

const OPERATOR_INSIDE = /[=!]=|&&|\|\||\s[=<>]/;

/** `{input.a == "b"}` reads as one strange key: say so. A step's id may hold anything. */
function refuseOperators(segments: readonly string[], position: number): void {
  const isMistake = segments.some((segment, i) => !(i === 1 && segments[0] === 'steps') && OPERATOR_INSIDE.test(segment));
  if (isMistake) throw new ExpressionError('Expected only a reference between the braces: write {input.a} == "b"', position);
}

const WORD_ENDS = '{}"\'=!<>&|()[]';

function wordEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && !WORD_ENDS.includes(text.charAt(end)) && !isSpace(text[end])) end++;
  if (end > start) return end;
  const found = text[start];
  if (found === undefined) throw new ExpressionError("Expected a reference after '!'", start);
  if (found === '}') throw new ExpressionError("Unbalanced braces: '}' without '{'", start);
  if (found === '"' || found === "'") {
    throw new ExpressionError('Expected a reference: quoted text can stand on the right side only', start);
  }
  throw new ExpressionError(`Expected a reference before '${operatorAt(text, start)}'`, start);
}

function readOperator(text: string, position: number): '==' | '!=' {
  const operator = text.slice(position, position + 2);
  if ((operator === '==' || operator === '!=') && text[position + 2] !== '=') return operator;
  const found = text.charAt(position);
  const run = operatorAt(text, position);
  if (run === '=') throw new ExpressionError("Expected '==' or '!=', not '='", position);
  if (found === '{') throw new ExpressionError("Expected '==' or '!=': an expression has one reference", position);
  if (found === '}') throw new ExpressionError("Unbalanced braces: '}' without '{'", position);
  if (found === '"' || found === "'") throw new ExpressionError("Expected '==' or '!=' before the quoted text", position);
  if ('=!<>&|()[]'.includes(found)) {
    throw new ExpressionError(`Expected '==', '!=' or the end, not '${run}'`, position);
  }
  throw new ExpressionError("Expected '==', '!=' or the end: an expression has one reference, in braces when it has white space", position);
}

/** The run of operator characters at a position, for messages; a single other character when there is none. */
function operatorAt(text: string, position: number): string {
  let end = position;
  while (end < text.length && '=!<>&|'.includes(text.charAt(end))) end++;
  return text.slice(position, Math.max(end, position + 1));
}

/** The right side of a comparison: literal text, opaque when it is quoted. */
function readRight(text: string, start: number): string {
  const quote = text[start];
  if (quote === undefined) throw new ExpressionError('Expected text to compare with on the right side', start);
  if (quote === '"' || quote === "'") return readQuoted(text, start, quote);
  const right = text.slice(start).trimEnd();
  const mistake = /["'{}=<>]|&&|\|\|/.exec(right);
  if (mistake === null) return right;
  const position = start + mistake.index;
  switch (mistake[0]) {
    case '"':
    case "'":
      throw new ExpressionError('Unbalanced quotes: put the whole right side into quotes', position);
    case '{':
    case '}':
      throw new ExpressionError('The right side is plain text: an expression has one reference (quote braces)', position);
    default:
      throw new ExpressionError(`Expected the end, not '${mistake[0]}' (quote the right side when it is part of it)`, position);
  }
}

function readQuoted(text: string, start: number, quote: string): string {
  const close = text.indexOf(quote, start + 1);
  if (close === -1) throw new ExpressionError(`Unbalanced quotes: expected a closing ${quote}`, start);
  const rest = skipSpace(text, close + 1);
  if (rest < text.length) throw new ExpressionError('Expected the end after the quoted text', rest);
  return text.slice(start + 1, close);
}

function skipSpace(text: string, from: number): number {
  let position = from;
  while (position < text.length && isSpace(text[position])) position++;
  return position;
}

function isSpace(character: string | undefined): boolean {
  return character !== undefined && character.trim() === '';
}
