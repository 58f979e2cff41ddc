import { InvalidInputError } from './errors.js';
import { mismatches } from './input-schema.js';
import { isObject, own, type JsonValue } from './json.js';
import { checkBounds } from './limits.js';
import { toProblems } from './positions.js';
import { Findings } from './problems/findings.js';
import { formatPath } from './problems/path.js';
import { listNames, Suggestions } from './problems/suggest.js';
import type { EntryPoint, WorkflowDefinition } from './types.js';

/** What a run is started with. */
export interface StartRequest {
  /** Replaces the definition's `context.input` whole. */
  input?: unknown;
  /** Id of an entry point. */
  entryPoint?: string | undefined;
  /** Variables for `{env.X}`. */
  env?: unknown;
}

/** Mismatches with the schema that the message names; `problems` holds all. */
const MAX_NAMED = 100;
const INPUT_BOUNDS = { what: 'input', bytes: 67_108_864, depth: 500, path: ['input'] } as const;

/**
 * Checks what a run is to be started with. Paths of problems are those of `{input, entry_point, env}`.
 *
 * @throws InvalidInputError with every problem.
 */
export function checkStart(definition: WorkflowDefinition, request: StartRequest): void {
  const findings = new Findings();
  const input = effectiveInput(definition, request.input, findings);
  if (input !== undefined) checkInputSchema(definition, input, findings);
  const schemaProblems = findings.list.length;
  const entryPoint = findEntryPoint(definition, request.entryPoint, findings);
  for (const name of entryPoint?.required_inputs ?? []) {
    if (!isObject(input) || (own(input, name) ?? null) !== null) continue;
    const message = `Required input '${name}' of entry point '${entryPoint?.id ?? ''}' is missing`;
    findings.error('MISSING_INPUT', ['input', name], message);
  }
  checkVariables(request.env, findings);
  const [first] = findings.list;
  if (first === undefined) return;
  const named = findings.list.slice(0, MAX_NAMED).map(({ path, message, hint }, index) => {
    const text = index < schemaProblems ? `${formatPath(path)} ${message}` : message;
    return hint === undefined ? text : `${text} (${hint})`;
  });
  if (findings.list.length > MAX_NAMED) named.push(`and ${findings.list.length - MAX_NAMED} more`);
  const prefix = schemaProblems > 0 ? 'Input validation failed: ' : '';
  throw new InvalidInputError(first.code, prefix + named.join('; '), toProblems(findings.list));
}

/** The input that the run would have; undefined when that is none to look into. */
function effectiveInput(definition: WorkflowDefinition, given: unknown, findings: Findings): JsonValue | undefined {
  const input = given === undefined ? (own(definition.context ?? {}, 'input') ?? {}) : given;
  if (!checkBounds(input, INPUT_BOUNDS, findings)) return undefined;
  if (isObject(input)) return input;
  findings.error('INVALID_INPUT', ['input'], "must be an object whose keys are the workflow's inputs");
  return undefined;
}

function checkInputSchema({ input_schema: schema }: WorkflowDefinition, input: JsonValue, findings: Findings): void {
  if (schema === undefined || schema === null) return;
  try {
    for (const { path, message } of mismatches(schema, input))
      findings.error('INVALID_INPUT', ['input', ...path], message);
  } catch (error) {
    findings.error(
      'BAD_JSON_SCHEMA',
      ['input'],
      `cannot be checked: the input_schema is unusable: ${(error as Error).message}`,
    );
  }
}

function findEntryPoint(
  definition: WorkflowDefinition,
  id: string | undefined,
  findings: Findings,
): EntryPoint | undefined {
  if (id === undefined) return undefined;
  const entryPoints = definition.entry_points ?? [];
  const found = entryPoints.find((entryPoint) => entryPoint.id === id);
  if (found !== undefined) return found;
  const ids = entryPoints.map((entryPoint) => entryPoint.id);
  const known = ids.length === 0 ? 'The workflow has no entry points.' : `The workflow has ${listNames(ids)}.`;
  const hint = new Suggestions().hint(id, ids) ?? known;
  findings.error('UNKNOWN_ENTRY_POINT', ['entry_point'], `Entry point '${id}' not found`, { hint });
  return undefined;
}

function checkVariables(env: unknown, findings: Findings): void {
  if (env === undefined) return;
  if (!isObject(env)) {
    findings.error('INVALID_INPUT', ['env'], 'The variables must be an object of texts');
    return;
  }
  for (const [name, value] of Object.entries(env)) {
    if (typeof value === 'string') continue;
    findings.error(
      'INVALID_INPUT',
      ['env', name],
      `Variable '${name}' must be text, not ${value === null ? 'null' : typeof value}`,
    );
  }
}
