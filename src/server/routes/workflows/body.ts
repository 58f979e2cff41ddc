import type { FastifySchemaCompiler } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { isObject, own } from '../../../definition/json.js';
import { readContent, type Content, type WorkflowChange } from '../../../store/workflows.js';
import { rawMember } from '../../raw-json.js';
import { bareFieldsSchema, workflowChangeSchema, savedWorkflowSchema, type WorkflowFields } from './schemas.js';

/** A body that says what a workflow is, or is to become. */
export interface WorkflowBody {
  readonly change: Omit<WorkflowChange, 'content' | 'expectedVersion'>;
  /** Its definition, as it was sent and checked. */
  readonly content: Content | undefined;
  /** The version that the change was made on. */
  readonly version: number | undefined;
}

/** Whether a body is a workflow document itself, and no record around one. */
function isBare(body: unknown): boolean {
  return isObject(body) && (own(body, 'steps') !== undefined || own(body, 'agent_type') !== undefined);
}

/** Checks a body as a record, unless it is a bare document, which is checked later. All else is checked by its own schema. */
export function recordValidator(record: z.ZodType): FastifySchemaCompiler<unknown> {
  return (route) => {
    if (route.httpPart !== 'body') return validatorCompiler({ ...route, schema: route.schema as z.ZodType });
    const validate = validatorCompiler({ ...route, schema: record });
    return (body: unknown) => (isBare(body) ? { value: body } : validate(withoutRecord(body)));
  };
}

const READ_ONLY = Object.keys(savedWorkflowSchema.shape).filter((name) => !(name in workflowChangeSchema.shape));

/** Without what only the server says of a workflow: a record that was got can be sent back. */
function withoutRecord(body: unknown): unknown {
  return isObject(body) ? Object.fromEntries(Object.entries(body).filter(([name]) => !READ_ONLY.includes(name))) : body;
}

/** What a checked body says. A bare document brings its name and description along. @throws InvalidDefinitionError */
export function workflowBody({ body, rawBody }: { body: unknown; rawBody: Buffer | undefined }, maxBytes: number): WorkflowBody {
  const json = new TextDecoder().decode(rawBody);
  if (isBare(body)) {
    const content = readContent(json, maxBytes);
    return { change: named(content), content, version: undefined };
  }
  const fields = body as WorkflowFields;
  const document = fields.definition === undefined || fields.definition === null ? undefined : rawMember(json, 'definition');
  return { change: changeOf(fields), content: document === undefined ? undefined : readContent(document, maxBytes), version: fields.version ?? undefined };
}

/** What a definition says of itself, as far as it may be stored. */
function named({ definition }: Content): WorkflowBody['change'] {
  const { name, description } = bareFieldsSchema.parse(definition);
  return { name, description };
}

/** The fields as the store takes them: null is as good as absent. */
function changeOf({ name, description, tags, is_public, is_template, note }: WorkflowFields): WorkflowBody['change'] {
  return {
    name: name ?? undefined,
    description: description ?? undefined,
    tags: tags ?? undefined,
    isPublic: is_public ?? undefined,
    isTemplate: is_template ?? undefined,
    note: note ?? undefined,
  };
}
