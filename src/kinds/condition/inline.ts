import { evaluate, parseExpression } from '../../definition/expressions.js';
import type { Inline } from '../inline.js';
import type { ConfigOf } from '../schemas.js';

export const runCondition: Inline<ConfigOf<'condition'>> = (config, lookup, aliases) => {
  if (evaluate(parseExpression(config.expression, aliases), lookup)) return { type: 'branch', kind: config.if_true };
  return config.if_false
    ? { type: 'branch', kind: config.if_false }
    : { type: 'done', result: { branch: false } };
};
