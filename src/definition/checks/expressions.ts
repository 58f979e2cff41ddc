import { ExpressionError, expressionReferences, parseExpression } from '../expressions.js';
import { own, type JsonValue } from '../json.js';
import type { Path } from '../problems/path.js';
import { kindsOf, type CheckContext, type RawStep } from './document.js';
import { aliasesOf } from './for-each.js';

/** An expression that parses, with what it refers to. */
export interface FoundExpression {
  readonly path: Path;
  readonly references: readonly string[];
}

/** Reports expressions that do not parse, and yields the others. */
export function* checkExpressions(step: RawStep, context: CheckContext): Generator<FoundExpression> {
  // It is asked before the list is looked at, so that it does not see the element.
  yield* checkExpression(own(step.raw, 'skip_if'), [...step.path, 'skip_if'], [], context);
  const aliases = aliasesOf(step);
  for (const { raw, path } of kindsOf(step)) {
    if (own(raw, 'type') === 'condition')
      yield* checkExpression(own(raw, 'expression'), [...path, 'expression'], aliases, context);
  }
}

function* checkExpression(
  text: JsonValue | undefined,
  path: Path,
  aliases: readonly string[],
  { findings }: CheckContext,
): Generator<FoundExpression> {
  if (typeof text !== 'string') return;
  try {
    yield { path, references: expressionReferences(parseExpression(text, aliases)) };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    findings.error('BAD_EXPRESSION', path, error.message, { hint: error.hint });
  }
}
