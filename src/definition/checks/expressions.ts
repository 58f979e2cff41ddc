import { ExpressionError, expressionReferences, parseExpression } from '../expressions.js';
import { own, type JsonValue } from '../json.js';
import type { Path } from '../problems/path.js';
import { kindsOf, type CheckContext, type RawStep } from './document.js';

/** An expression that parses, with what it refers to. */
export interface FoundExpression {
  readonly path: Path;
  readonly references: readonly string[];
}

/** Reports expressions that do not parse, and yields the others. */
export function* checkExpressions(step: RawStep, context: CheckContext): Generator<FoundExpression> {
  yield* checkExpression(own(step.raw, 'skip_if'), [...step.path, 'skip_if'], context);
  for (const { raw, path } of kindsOf(step)) {
    if (own(raw, 'type') === 'condition')
      yield* checkExpression(own(raw, 'expression'), [...path, 'expression'], context);
  }
}

function* checkExpression(
  text: JsonValue | undefined,
  path: Path,
  { findings }: CheckContext,
): Generator<FoundExpression> {
  if (typeof text !== 'string') return;
  try {
    yield { path, references: expressionReferences(parseExpression(text)) };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    findings.error('BAD_EXPRESSION', path, error.message, { hint: error.hint });
  }
}
