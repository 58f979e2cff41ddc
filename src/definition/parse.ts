import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { checkDocument } from './check.js';
import type { WorkflowLookup } from './checks/links.js';
import { InvalidDefinitionError, type Problem } from './errors.js';
import { inexactMessage } from './exact-json.js';
import { definitionHash } from './hash.js';
import { documentBounds, LIMITS, maxTextLength, TOO_LARGE_HINT, tooLargeMessage } from './limits.js';
import { LineIndex, toProblems } from './positions.js';
import { readJson } from './read-json.js';
import { readYaml } from './read-yaml.js';
import { SyntaxProblem, type Source } from './source.js';
import type { WorkflowDefinition } from './types.js';
import { utf8Problem } from './utf8.js';

export type { WorkflowLookup };
export { checkStart, type StartRequest } from './start.js';

export interface ParseOptions {
  /** Tells the format by its extension, when `format` does not: `.json`, `.yaml`, `.yml`. */
  file?: string;
  /** Default: by the file's extension, else JSON when the text begins with `{` or `[`. */
  format?: 'json' | 'yaml';
  /** Bytes of compact JSON that a definition may have. Default 1.5 MiB. */
  maxBytes?: number;
  /** The workflows that steps may run by their id: it warns of those that are not there, and refuses circles among them. */
  workflows?: WorkflowLookup;
}

/** A definition that can run, with the warnings about it. */
export interface ParsedWorkflow {
  definition: WorkflowDefinition;
  /** Warnings only. */
  problems: Problem[];
  /** SHA-256 of the definition's canonical JSON, in hex. */
  hash: string;
}

/** `definition` and `hash` are there when it is valid. */
export interface ValidationResult {
  valid: boolean;
  /** Errors and warnings. */
  problems: Problem[];
  definition?: WorkflowDefinition;
  hash?: string;
}

/**
 * Reads and checks the text of a workflow document, JSON or YAML. Problems have lines and columns.
 *
 * @throws InvalidDefinitionError with every problem of the document; of malformed text, the first one.
 */
export function parseWorkflow(text: string, options: ParseOptions = {}): ParsedWorkflow {
  const maxBytes = options.maxBytes ?? LIMITS.bytes;
  const source = readSource(text, formatOf(text, options), maxBytes);
  const { findings, definition } = checkDocument(source.value, maxBytes, options.workflows);
  for (const number of source.inexact) findings.warn('INEXACT_NUMBER', number.path, inexactMessage(number), { hint: 'Write it as text, in quotes, to say so.' });
  const problems = toProblems(findings.list, source.origin);
  if (definition === undefined) throw new InvalidDefinitionError(problems);
  return { definition, problems, hash: definitionHash(definition) };
}

/** Checks a workflow document that is already in memory; never throws. Problems have no lines and columns. */
export function validateWorkflow(value: unknown, options: { maxBytes?: number } = {}): ValidationResult {
  const { findings, definition } = checkDocument(value, options.maxBytes ?? LIMITS.bytes);
  const problems = toProblems(findings.list);
  if (definition === undefined) return { valid: false, problems };
  return { valid: true, problems, definition, hash: definitionHash(definition) };
}

/**
 * Reads and checks a workflow file.
 *
 * @throws InvalidDefinitionError, with the code `UNREADABLE_FILE` when there is no such file or it is not UTF-8 text.
 */
export async function readWorkflowFile(
  path: string,
  options: Omit<ParseOptions, 'file'> = {},
): Promise<ParsedWorkflow> {
  const maxBytes = options.maxBytes ?? LIMITS.bytes;
  const limit = maxTextLength(maxBytes);
  const chunks: Buffer[] = [];
  try {
    // One byte too many is enough to know; a pipe or a device may have no end.
    for await (const chunk of createReadStream(path, { end: limit })) chunks.push(chunk as Buffer);
  } catch (error) {
    throw refuse({
      severity: 'error',
      code: 'UNREADABLE_FILE',
      path: '$',
      message: `Cannot read ${path}: ${reason(error)}`,
    });
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length > limit) throw tooLarge(maxBytes);
  return parseWorkflow(decodeDocument(bytes, path), { ...options, file: path });
}

/**
 * The text of a file.
 *
 * @throws InvalidDefinitionError, with the code `UNREADABLE_FILE` and the place, when it is not UTF-8 text.
 */
export function decodeDocument(bytes: Uint8Array, path: string): string {
  const problem = utf8Problem(bytes);
  if (problem === undefined) return new TextDecoder().decode(bytes);
  throw refuse({ severity: 'error', code: 'UNREADABLE_FILE', path: '$', message: `${path} is not UTF-8 text: ${problem}`, hint: 'Save the file as UTF-8.' });
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
      return 'permission denied';
    default:
      return message;
  }
}

function readSource(text: string, format: 'json' | 'yaml', maxBytes: number): Source {
  if (text.length > maxTextLength(maxBytes)) throw tooLarge(maxBytes);
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    return format === 'json' ? readJson(plain) : readYaml(plain);
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    const { code, message, hint, offset } = error;
    const position = new LineIndex(plain).position(offset);
    throw refuse({ severity: 'error', code, path: '$', ...position, message, ...(hint === undefined ? {} : { hint }) });
  }
}

function formatOf(text: string, { format, file }: ParseOptions): 'json' | 'yaml' {
  if (format !== undefined) return format;
  switch (file === undefined ? '' : extname(file).toLowerCase()) {
    case '.json':
      return 'json';
    case '.yaml':
    case '.yml':
      return 'yaml';
    default:
      return /^\uFEFF?\s*[{[]/.test(text) ? 'json' : 'yaml';
  }
}

function tooLarge(maxBytes: number): InvalidDefinitionError {
  const message = tooLargeMessage(documentBounds(maxBytes));
  return refuse({ severity: 'error', code: 'DOCUMENT_TOO_LARGE', path: '$', message, hint: TOO_LARGE_HINT });
}

function refuse(problem: Problem): InvalidDefinitionError {
  return new InvalidDefinitionError([problem]);
}
