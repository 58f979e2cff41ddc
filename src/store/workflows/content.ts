import { InvalidDefinitionError, type Problem } from '../../definition/errors.js';
import { definitionHash } from '../../definition/hash.js';
import { isObject, own } from '../../definition/json.js';
import { parseWorkflow } from '../../definition/parse.js';
import { cut } from '../../definition/text.js';
import type { WorkflowDefinition } from '../../definition/types.js';
import { innerDocument } from '../../definition/unwrap.js';
import { toStorable } from '../storable.js';

/** A checked document. */
export interface Content {
  /** JSON, byte for byte as it was sent. */
  readonly document: string;
  readonly definition: WorkflowDefinition;
  /** Whether the id of the definition stands in the document; else it is that of the workflow. */
  readonly hasId: boolean;
  /** Warnings only. */
  readonly problems: readonly Problem[];
}

/** UTF-16 units that a name may have. */
export const LONGEST_NAME = 500;

/**
 * Checks the JSON text of a document of at most `maxBytes` of compact JSON.
 * @throws InvalidDefinitionError
 */
export function readContent(document: string, maxBytes: number): Content {
  const { definition, problems } = parseWorkflow(document, { format: 'json', maxBytes });
  if (definition.id.includes('\0')) {
    const message = 'The id has the character U+0000, which cannot be stored';
    throw new InvalidDefinitionError([...problems, { severity: 'error', code: 'BAD_ID', path: '$.id', message, hint: 'Choose another id.' }]);
  }
  const value: unknown = JSON.parse(document);
  return { document, definition, problems, hasId: isObject(value) && own(innerDocument(value), 'id') !== undefined };
}

/** A document that is stored already: whatever was the limit of its size. Throws as `readContent`. */
export function readStored(document: string): Content {
  return readContent(document, Number.MAX_SAFE_INTEGER);
}

/** The definition that a run of a stored version has: under the id by which the workflow is run, with the number of the version. */
export function definitionToRun(id: string, { version, document }: { readonly version: number; readonly document: string }): WorkflowDefinition {
  return { ...readStored(document).definition, id, version };
}

/** What a workflow is called when nobody says it: the name of its definition, else the id. */
export function nameOf({ definition, hasId }: Content): string {
  const name = toStorable(definition.name ?? '').trim();
  return cut(name !== '' ? name : hasId ? definition.id : 'Untitled', LONGEST_NAME);
}

/** What the content of the workflow with this id is called and counted by. */
export function derivedFrom(id: string, { definition, hasId }: Content) {
  return { definitionId: hasId ? definition.id : id, stepCount: definition.steps.length };
}

/** The hash of the definition as the workflow with this id has it. */
export function contentHash(id: string, { definition, hasId }: Content): string {
  return definitionHash(hasId ? definition : { ...definition, id });
}
