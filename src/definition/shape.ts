import type { z } from 'zod';
import { kinds } from '../kinds/index.js';
import { isObject } from './json.js';
import type { Findings } from './problems/findings.js';
import type { Path } from './problems/path.js';
import { listNames, type Suggestions } from './problems/suggest.js';

type Issue = z.core.$ZodIssue;

const SCHEMA_FIELDS: readonly unknown[] = ['input_schema', 'schema'];
const KIND_FIELDS: readonly unknown[] = ['kind', 'if_true', 'if_false'];

const EXPECTED: { readonly [type: string]: string } = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** Reports where a document differs from its zod schema, in the words of the format. */
export function checkShape(schema: z.ZodType, document: unknown, findings: Findings, suggestions: Suggestions): void {
  const result = schema.safeParse(document);
  for (const issue of result.error?.issues ?? []) report(issue, document, findings, suggestions);
}

function report(issue: Issue, document: unknown, findings: Findings, suggestions: Suggestions): void {
  const path = issue.path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment));
  const found = valueAt(document, path);
  const name = fieldName(path);
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(findings, path, EXPECTED[issue.expected] ?? issue.expected, found);
    case 'invalid_union':
      return issue.discriminator === undefined
        ? wrongType(findings, path, expectedByUnion(issue.errors), found)
        : wrongVariant(issue, path, found, findings, suggestions);
    case 'invalid_value':
      return wrongValue(issue.values.map(String), path, found, findings, suggestions);
    case 'too_small':
    case 'too_big': {
      if (isId(path)) {
        const message =
          issue.code === 'too_small' ? 'An id may not be empty' : 'An id may have 1,000 characters at most';
        return findings.error('BAD_ID', path, message);
      }
      const bound = issue.code === 'too_small' ? lowerBound(issue) : `at most ${issue.maximum}`;
      return findings.error('WRONG_TYPE', path, `${name} must be ${bound}, not ${describe(found)}`);
    }
    default:
      return findings.error('WRONG_TYPE', path, `${name}: ${issue.message}`);
  }
}

function wrongType(findings: Findings, path: Path, expected: string, found: unknown): void {
  const name = fieldName(path);
  const message =
    found === undefined
      ? `${name} is missing: expected ${expected}`
      : `${name} must be ${expected}, not ${describe(found)}`;
  findings.error(SCHEMA_FIELDS.includes(path.at(-1)) ? 'BAD_JSON_SCHEMA' : 'WRONG_TYPE', path, message);
}

function wrongVariant(
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  found: unknown,
  findings: Findings,
  suggestions: Suggestions,
): void {
  const isKind = KIND_FIELDS.includes(path.at(-2));
  const known = isKind ? Object.keys(kinds) : knownTags(issue);
  if (!isKind || typeof found !== 'string') return wrongValue(known, path, found, findings, suggestions);
  const hint = suggestions.hint(found, known) ?? `The kinds are ${listNames(known)}.`;
  findings.error('UNKNOWN_KIND', path, `Unknown step kind '${found}'`, { hint });
}

/** zod lists them, but its type does not say so. */
function knownTags(issue: z.core.$ZodIssueInvalidUnion): string[] {
  const { options } = issue as { options?: readonly unknown[] };
  return (options ?? []).map(String);
}

function wrongValue(
  values: readonly string[],
  path: Path,
  found: unknown,
  findings: Findings,
  suggestions: Suggestions,
): void {
  const expected = values.length === 1 ? listNames(values) : `one of ${listNames(values)}`;
  const name = fieldName(path);
  const message =
    found === undefined
      ? `${name} is missing: expected ${expected}`
      : `${name} must be ${expected}, not ${describe(found)}`;
  const hint = typeof found === 'string' ? suggestions.hint(found, values) : undefined;
  findings.error('WRONG_TYPE', path, message, { hint });
}

function expectedByUnion(errors: readonly (readonly Issue[])[]): string {
  const expected = errors.map(([first]) =>
    first?.code === 'invalid_type' ? (EXPECTED[first.expected] ?? first.expected) : '',
  );
  return expected.filter((text) => text !== '').join(' or ') || 'another value';
}

function lowerBound(issue: z.core.$ZodIssueTooSmall): string {
  if (issue.origin === 'string') return 'text that is not empty';
  return issue.inclusive === false ? `more than ${issue.minimum}` : `at least ${issue.minimum}`;
}

/** Whether the value is the id of a document, step or entry point. */
function isId(path: Path): boolean {
  return path.at(-1) === 'id' && !path.includes('triggers');
}

function fieldName(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'The document';
  return typeof last === 'string' ? `'${last}'` : `Element ${last} of ${fieldName(path.slice(0, -1))}`;
}

export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  if (typeof value !== 'string') return JSON.stringify(value) ?? 'undefined';
  return value.length > 60 ? `a text of ${value.length} characters` : `'${value}'`;
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as { [key: string | number]: unknown })[segment];
  }
  return value;
}
