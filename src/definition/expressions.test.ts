import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, ExpressionError, expressionReferences, parseExpression } from './expressions.js';
import type { JsonValue } from './json.js';
import { scopeLookup } from './references.js';

const lookup = scopeLookup({
  input: {
    approved: true,
    name: 'Ada',
    n: 5,
    half: 0.5,
    big: 1e21,
    no: false,
    nothing: null,
    text: 'a == b',
    empty: '',
    zero: 0,
    list: [1],
    none: [],
    map: { a: 1 },
    bare: {},
    review: { ok: 'yes' },
    braces: '{input.name}',
  },
  steps: { a: { ok: true }, 'my step': { ok: 'y' }, 'a && b': { ok: 1 } },
  env: { MODE: 'dev' },
  context: { flat: 'f' },
});
const holds = (text: string): boolean => evaluate(parseExpression(text), lookup);

describe('a reference alone', () => {
  it.each(['approved', 'name', 'n', 'half', 'list', 'map', 'review', 'text'])('%s is truthy', (field) => {
    for (const written of [field, `input.${field}`, `{input.${field}}`, `{${field}}`, ` {input.${field}} `, `!!${field}`]) {
      expect(holds(written)).toBe(true);
      expect(holds(`!${written}`)).toBe(false);
    }
  });

  it.each(['no', 'nothing', 'empty', 'zero', 'none', 'bare', 'missing', 'name.first', 'list.length', 'constructor'])(
    '%s is falsy',
    (field) => {
      expect(holds(field)).toBe(false);
      expect(holds(`!{input.${field}}`)).toBe(true);
      expect(holds(`! ! !${field}`)).toBe(true);
    },
  );

  it('may be in any namespace, and hold any id in braces', () => {
    expect(holds('steps.a.ok')).toBe(true);
    expect(holds('{steps.my step.ok}')).toBe(true);
    expect(holds('{steps.a && b.ok} == 1')).toBe(true);
    expect(holds('env.MODE')).toBe(true);
    expect(holds('context.flat')).toBe(true);
    expect(holds('list.0')).toBe(true);
    expect(holds('{context}')).toBe(false);
    expect(holds('{item}')).toBe(false);
  });
});

describe('a comparison', () => {
  it.each([
    ['{input.name} == "Ada"', true],
    ["{input.name} == 'Ada'", true],
    ['name == Ada', true],
    ['name==Ada', true],
    ['{input.name}=="Ada"', true],
    ['name == "ada"', false],
    ['name == "Ada "', false],
    ['n == 5', true],
    ['n == "5"', true],
    ['n == 5.0', false],
    ['half == 0.5', true],
    ['big == 1e+21', true],
    ['steps.a.ok == true', true],
    ['no == "false"', true],
    ['empty == ""', true],
    ['zero == 0', true],
    ['text == "a == b"', true],
    ['braces == "{input.name}"', true],
    ['name == hello world', false],
    ['env.MODE == R&D!', false],
  ])('%s is %s', (text, expected) => {
    expect(holds(text)).toBe(expected);
    expect(holds(text.replace('==', '!='))).toBe(!expected);
  });

  it('is false for null, arrays, objects and what is missing, and its opposite true', () => {
    for (const field of ['nothing', 'list', 'none', 'map', 'bare', 'missing']) {
      for (const right of ['null', '""', '[]', '[1]', 'undefined', '1']) {
        expect(holds(`${field} == ${right}`)).toBe(false);
        expect(holds(`${field} != ${right}`)).toBe(true);
      }
    }
  });

  it('is negated as a whole', () => {
    expect(holds('!name == "Ada"')).toBe(false);
    expect(holds('!name != "Ada"')).toBe(true);
    expect(holds('!!name == "Ada"')).toBe(true);
    expect(holds('!missing == "x"')).toBe(true);
  });

  it('takes the right side as text, never as a reference', () => {
    expect(holds('name == input.name')).toBe(false);
    expect(evaluate(parseExpression('a == input.a'), () => 'input.a')).toBe(true);
  });
});

describe('a malformed expression is refused with what was expected and where', () => {
  it.each([
    ['', 0, 'empty'],
    [' \n ', 0, 'empty'],
    ['!', 1, "reference after '!'"],
    ['{', 0, 'Unbalanced braces'],
    ['{input.a', 0, 'Unbalanced braces'],
    ['input.a}', 7, 'Unbalanced braces'],
    ['}', 0, 'Unbalanced braces'],
    ['{{input.a}}', 0, 'Unbalanced braces'],
    ['{}', 0, 'between the braces'],
    ['{ input.a }', 1, 'without white space'],
    ['input..a', 0, 'empty parts'],
    ['{.a}', 1, 'empty parts'],
    ['input.', 0, 'empty parts'],
    ['a =', 2, "not '='"],
    ['a = "b"', 2, "not '='"],
    ['a === "b"', 2, "not '==='"],
    ['a !== "b"', 2, "not '!=='"],
    ['a ==', 4, 'right side'],
    ['a != ', 5, 'right side'],
    ['== "b"', 0, "before '=='"],
    ['!= "b"', 0, "before '!='"],
    ['"a" == b', 0, 'quoted text'],
    ['a && b', 2, "not '&&'"],
    ['{input.a} || {input.b}', 10, "not '||'"],
    ['a < 3', 2, "not '<'"],
    ['a >= 3', 2, "not '>='"],
    ['a == 1 && b == 2', 7, "not '&&'"],
    ['a == 1 || b', 7, "not '||'"],
    ['a == b == c', 7, "not '='"],
    ['a == <b', 5, "not '<'"],
    ['{input.a}{input.b}', 9, 'one reference'],
    ['{input.a} {input.b}', 10, 'one reference'],
    ['{input.a} == {input.b}', 13, 'one reference'],
    ['a b', 2, 'one reference'],
    ['a "b"', 2, 'before the quoted text'],
    ['a == "b', 5, 'Unbalanced quotes'],
    ["a == 'b\"", 5, 'Unbalanced quotes'],
    ['a == b"', 6, 'Unbalanced quotes'],
    ['a == "b" c', 9, 'end after the quoted text'],
    ['a == "b" && c', 9, 'end after the quoted text'],
    ['(a)', 0, "before '('"],
    ['{input.a == "b"}', 1, 'only a reference between the braces'],
    ['{input.a > 3}', 1, 'only a reference between the braces'],
    ['{steps.a.ok && steps.b.ok}', 1, 'only a reference between the braces'],
  ])('%j', (text, position, message) => {
    let error: unknown;
    try {
      parseExpression(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ExpressionError);
    expect(error).toMatchObject({ position, code: 'BAD_EXPRESSION' });
    expect((error as ExpressionError).message).toContain(message);
    expect((error as ExpressionError).message).toContain(`(at character ${position + 1})`);
  });
});

describe('expressionReferences', () => {
  it.each([
    ['steps.a.ok == true', 'steps.a.ok'],
    ['!{steps.my step.ok}', 'steps.my step.ok'],
    ['approved', 'input.approved'],
    ['review.ok != no', 'input.review.ok'],
    ['input', 'input'],
  ])('%s refers to %s', (text, path) => {
    expect(expressionReferences(parseExpression(text))).toEqual([path]);
  });

  it('knows the aliases that it is told', () => {
    expect(expressionReferences(parseExpression('row.ok'))).toEqual(['input.row.ok']);
    expect(expressionReferences(parseExpression('{row.ok}', ['row', 'row_index']))).toEqual(['row.ok']);
  });
});

describe('properties', () => {
  const pieces = fc.constantFrom('{', '}', '!', '=', '==', '!=', '&&', '<', '"', "'", ' ', '.', 'input', 'steps.a', 'x', '(', '\ud800');
  const texts = fc.oneof(fc.array(pieces, { maxLength: 10 }).map((parts) => parts.join('')), fc.string());

  it('parsing either succeeds or throws an ExpressionError inside the text', () => {
    fc.assert(
      fc.property(texts, (text) => {
        try {
          expect(typeof evaluate(parseExpression(text), lookup)).toBe('boolean');
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
          const { position } = error as ExpressionError;
          expect(position >= 0 && position <= text.length).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('any text in quotes compares as it is', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.constantFrom('"', "'"), (left, right, quote) => {
        fc.pre(!right.includes(quote));
        const equal = evaluate(parseExpression(`{input.x} == ${quote}${right}${quote}`), () => left);
        const same = evaluate(parseExpression(`{input.x} == ${quote}${right}${quote}`), () => right);
        expect([equal, same]).toEqual([left === right, true]);
      }),
    );
  });

  it('each ! and != turns the outcome round', () => {
    const values = fc.oneof(fc.jsonValue(), fc.constantFrom('yes', undefined)) as fc.Arbitrary<JsonValue | undefined>;
    fc.assert(
      fc.property(values, fc.nat(5), fc.boolean(), (value, count, differs) => {
        const found = (): JsonValue | undefined => value;
        const plain = evaluate(parseExpression('x == yes'), found);
        const turned = evaluate(parseExpression(`${'! '.repeat(count)}x ${differs ? '!=' : '=='} yes`), found);
        expect(turned).toBe(plain !== (count % 2 === 1) !== differs);
        expect(evaluate(parseExpression(`${'!'.repeat(count)}x`), found)).toBe(
          evaluate(parseExpression('x'), found) !== (count % 2 === 1),
        );
      }),
    );
  });
});
