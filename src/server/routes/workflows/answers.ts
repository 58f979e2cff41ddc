import type { SeenWorkflow, StoredVersion, VersionRecord, Viewer, WorkflowAt } from '../../../store/workflows.js';
import { RawJson } from '../../raw-json.js';
import type { ListItem } from './schemas.js';

/** A workflow in a list. */
export function listItem(viewer: Viewer, found: SeenWorkflow): ListItem {
  return { ...summary(viewer, found), status: 'pending' };
}

/** A workflow with its definition as it was sent. */
export function workflowRecord(viewer: Viewer, found: WorkflowAt) {
  return { ...summary(viewer, found), content_hash: found.at.contentHash, definition: new RawJson(found.at.document) };
}

/** A version without its definition. */
export function versionRecord({ version, contentHash, author, note, createdAt }: VersionRecord) {
  return { version, content_hash: contentHash, author, note, created_at: createdAt.toISOString() };
}

/** A version with its definition as it was sent. */
export function versionAnswer(version: StoredVersion) {
  return { ...versionRecord(version), definition: new RawJson(version.document) };
}

/** The version of a workflow as an ETag. */
export function etag({ at }: WorkflowAt): string {
  return `"${at.version}"`;
}

function summary({ user }: Viewer, { record, role, isStarred }: SeenWorkflow) {
  return {
    id: record.id,
    name: record.name,
    description: record.description,
    tags: record.tags,
    is_public: record.isPublic,
    is_template: record.isTemplate,
    star_count: record.starCount,
    clone_count: record.cloneCount,
    cloned_from: record.clonedFrom,
    owner: record.owner,
    definition_id: record.definitionId,
    version: record.version,
    step_count: record.stepCount,
    role,
    is_owner: record.owner === user,
    is_starred: isStarred,
    created_at: record.createdAt.toISOString(),
    updated_at: record.updatedAt.toISOString(),
  };
}
