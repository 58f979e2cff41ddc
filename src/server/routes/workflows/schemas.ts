import { z } from 'zod';
import { storableText } from '../../../store/storable.js';
import { ROLES } from '../../../store/workflows.js';
import { userIdSchema } from '../../identity.js';
import { problemListSchema } from '../../problem.js';
import { flag, wholeNumber } from '../../query.js';

const time = z.iso.datetime();

export const idParams = z.object({ id: z.string() });
const versionNumber = wholeNumber.pipe(z.int().min(1));
export const versionParams = idParams.extend({ version: versionNumber });
export const definitionQuery = z.strictObject({ version: versionNumber.optional().describe('Default: the newest') });
export const diffQuery = z.strictObject({ from: versionNumber, to: versionNumber });
export const userParams = idParams.extend({ user_id: userIdSchema });

const note = storableText(10_000).nullish().describe('Of the version that this makes');
const editedVersion = z.int().min(1).nullish().describe('The version that the change was made on, as `If-Match` says it; a stale one is refused');
const fields = {
  name: storableText(500).min(1).nullish().describe("Default: the definition's name, else its id"),
  description: storableText(10_000).nullish().describe('Empty: none'),
  tags: z.array(storableText(100).min(1)).max(50).nullish(),
  is_public: z.boolean().nullish().describe('Others may see, run and clone it'),
  is_template: z.boolean().nullish(),
  note,
};
const definition = z.unknown().describe('A workflow document; kept byte for byte');

export const newWorkflowSchema = z.strictObject({ ...fields, definition: definition.refine((value) => value !== undefined && value !== null, 'a workflow document is expected') }).meta({ id: 'NewWorkflow' });
export const workflowChangeSchema = z
  .strictObject({ ...fields, definition: definition.optional(), version: editedVersion })
  .meta({ id: 'WorkflowChange', description: 'What is absent or null stays' });
export type WorkflowFields = z.infer<typeof workflowChangeSchema>;

/** A workflow document without anything around it, told by `steps` or `agent_type`. */
export const bareDocumentSchema = z.looseObject({ steps: z.unknown().optional(), agent_type: z.unknown().optional() }).meta({ id: 'WorkflowDocument', description: 'A Distri workflow document: see docs/format.md' });

/** What a bare document says of itself counts when it may be stored; else it is only in the document. */
export const bareFieldsSchema = z.object({ name: storableText(500).min(1).optional().catch(undefined), description: storableText(10_000).optional().catch(undefined) });

export const restoreSchema = z.strictObject({ version: z.int().min(1), note });
export const cloneSchema = z.strictObject({ name: fields.name.describe('Default: the name with " (copy)"') }).nullish();

const list = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat().flatMap((each) => [each, ...each.split(',')]));

export const filterQuery = {
  is_public: flag.optional(),
  is_template: flag.optional(),
  tags: list.pipe(z.array(storableText(10_000)).max(200)).optional().describe('Any of them: repeated, or with commas between them'),
  search: storableText(200).optional().describe('Words of name, description, tags and steps, or a part of the name or description'),
  offset: wholeNumber.pipe(z.int().min(0).max(1_000_000)).default(0),
};

const summary = {
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  tags: z.array(z.string()),
  is_public: z.boolean(),
  is_template: z.boolean(),
  star_count: z.int(),
  clone_count: z.int(),
  cloned_from: z.string().nullable().describe('The id of the workflow that it is a copy of'),
  owner: z.string(),
  definition_id: z.string().describe("The definition's own id, by which other workflows may call it"),
  version: z.int().describe('The newest version'),
  step_count: z.int(),
  role: z.enum(ROLES).describe('What you may do with it; each includes those before'),
  is_owner: z.boolean(),
  is_starred: z.boolean(),
  created_at: time,
  updated_at: time,
};

export const listItemSchema = z
  .object({ ...summary, status: z.literal('pending').describe('For clients of distri; it is runs that have a status') })
  .meta({ id: 'WorkflowListItem' });
export type ListItem = z.infer<typeof listItemSchema>;
export const workflowRecordSchema = z.object({ ...summary, content_hash: z.string(), definition }).meta({ id: 'WorkflowRecord' });
export const savedWorkflowSchema = workflowRecordSchema.extend({ problems: problemListSchema.describe('Warnings about the definition') }).meta({ id: 'SavedWorkflow' });

const version = { version: z.int(), content_hash: z.string(), author: z.string(), note: z.string().nullable(), created_at: time };
export const versionRecordSchema = z.object(version).meta({ id: 'WorkflowVersion' });
export const versionSchema = z.object({ ...version, definition }).meta({ id: 'WorkflowVersionWithDefinition' });

const difference = z.object({
  path: z.string().describe('JSON path in the step, or in the document'),
  change: z.enum(['added', 'removed', 'changed']),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});
export const diffSchema = z
  .object({
    from: z.int(),
    to: z.int(),
    steps: z.object({
      added: z.array(z.string()),
      removed: z.array(z.string()),
      changed: z.array(z.object({ id: z.string(), differences: z.array(difference) })),
      reordered: z.boolean().describe('Whether steps that both have stand in another order'),
    }),
    differences: z.array(difference).describe('Outside the steps'),
  })
  .meta({ id: 'WorkflowDiff' });

const shareRole = z.enum(['read', 'run', 'edit']);
export const shareBodySchema = z.strictObject({ role: shareRole });
export const shareSchema = z.object({ user_id: z.string(), role: shareRole, created_at: time }).meta({ id: 'WorkflowShare' });

export const validationSchema = z.object({ valid: z.boolean(), problems: problemListSchema }).meta({ id: 'WorkflowValidation' });
