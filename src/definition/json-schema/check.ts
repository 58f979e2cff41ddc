import type { ErrorObject } from 'ajv';
import { isObject, own, type JsonObject, type JsonValue } from '../json.js';
import type { Findings } from '../problems/findings.js';
import type { Path } from '../problems/path.js';
import { patternProblem, type PatternProblem } from '../regex/pattern.js';
import { checkMeta } from './meta.js';
import { pointerPath } from './pointer.js';
import { subschemasOf } from './keywords.js';
import { checkReferences } from './references.js';

/** Patterns that are looked at in one document; each takes up to some milliseconds. */
const MAX_PATTERNS = 500;

/** Checks the JSON Schemas of one document. */
export class SchemaCheck {
  private readonly patterns = new Map<string, PatternProblem | undefined>();

  constructor(private readonly findings: Findings) {}

  /** Reports what makes the value no JSON Schema (draft 2020-12 or draft-07) or one that cannot be used safely. */
  check(schema: JsonValue | undefined, path: Path): void {
    if (!isObject(schema)) return;
    const { draft, errors } = checkMeta(schema);
    if (draft === undefined && errors.length === 0) {
      const hint = 'Use https://json-schema.org/draft/2020-12/schema or http://json-schema.org/draft-07/schema#.';
      this.findings.error('BAD_JSON_SCHEMA', [...path, '$schema'], 'The schema is of a draft that is not supported', {
        hint,
      });
      return;
    }
    for (const [at, message] of summarize(errors)) {
      this.findings.error('BAD_JSON_SCHEMA', [...path, ...pointerPath(at, schema)], `Not a JSON Schema: ${message}`);
    }
    if (own(schema, '$async') !== undefined) {
      this.findings.error('BAD_JSON_SCHEMA', [...path, '$async'], "'$async' is not a part of JSON Schema");
    }
    this.checkPatterns(schema, path);
    if (draft !== undefined) checkReferences(schema, path, this.findings);
  }

  private checkPatterns(root: JsonObject, path: Path): void {
    const pending: { schema: JsonObject; path: Path }[] = [{ schema: root, path }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const pattern = own(next.schema, 'pattern');
      if (typeof pattern === 'string') this.checkPattern(pattern, [...next.path, 'pattern'], 'value');
      const byPattern = own(next.schema, 'patternProperties');
      if (isObject(byPattern)) {
        for (const key of Object.keys(byPattern))
          this.checkPattern(key, [...next.path, 'patternProperties', key], 'key');
      }
      pending.push(...[...subschemasOf(next.schema, next.path)].reverse());
    }
  }

  private checkPattern(pattern: string, path: Path, at: 'key' | 'value'): void {
    if (!this.patterns.has(pattern)) {
      if (this.patterns.size >= MAX_PATTERNS) {
        const message = `A document may hold ${MAX_PATTERNS} different regular expressions at most`;
        this.findings.error('BAD_REGEX', path, message, { at });
        return;
      }
      this.patterns.set(pattern, patternProblem(pattern));
    }
    const problem = this.patterns.get(pattern);
    if (problem !== undefined) this.findings.error('BAD_REGEX', path, problem.message, { hint: problem.hint, at });
  }
}

/** One message for each place: the branches of an `anyOf` are alternatives there. */
function summarize(errors: readonly ErrorObject[]): Map<string, string> {
  const messages = new Map<string, string>();
  for (const error of errors) {
    if (error.keyword === 'anyOf' || error.keyword === 'if') continue;
    const allowed: unknown =
      error.keyword === 'enum' ? (error.params as { allowedValues: unknown }).allowedValues : undefined;
    const message = Array.isArray(allowed)
      ? `must be one of ${allowed.join(', ')}`
      : (error.message ?? 'is not allowed');
    const known = messages.get(error.instancePath);
    messages.set(
      error.instancePath,
      known === undefined || known.includes(message) ? message : `${known} or ${message}`,
    );
  }
  return messages;
}
