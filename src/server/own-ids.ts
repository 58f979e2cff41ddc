import { validate as isUuid } from 'uuid';
import { kindsOf, listOf, textOf } from '../definition/checks/document.js';
import { DistriError } from '../definition/errors.js';
import { isObject, own, type JsonObject } from '../definition/json.js';
import { innerWorkflow } from '../definition/own-texts.js';
import { innerDocument } from '../definition/unwrap.js';
import type { Viewer, WorkflowStore } from '../store/workflows.js';

/**
 * Sees to it that nobody's document poses as a stored workflow that they may not edit: its runs would show among those of the
 * workflow. The store is asked for ids only that are UUIDs, as the stored workflows have.
 * @throws DistriError `FORBIDDEN`, `STORE_UNAVAILABLE`
 */
export async function checkOwnIds(workflows: WorkflowStore, viewer: Viewer, document: JsonObject): Promise<void> {
  await check(workflows, viewer, idsIn(document));
}

/** As `checkOwnIds`, for a document whose own id does not count: only the definitions within its steps are looked at. */
export async function checkInnerIds(workflows: WorkflowStore, viewer: Viewer, document: JsonObject): Promise<void> {
  await check(workflows, viewer, idsIn({ ...innerDocument(document), id: '' }));
}

async function check(workflows: WorkflowStore, viewer: Viewer, ids: readonly string[]): Promise<void> {
  const uuids = ids.filter((id) => isUuid(id));
  const foreign = uuids.length === 0 ? undefined : await workflows.foreignAmong(viewer, uuids);
  if (foreign === undefined) return;
  throw new DistriError('FORBIDDEN', `A definition has the id '${foreign}', which is that of a stored workflow that you may not edit`, {
    hint: 'Give the definition another id, or none. The stored workflow itself is run by POST /v1/workflows/{id}/run, and named by workflow_id in a step.',
  });
}

/** The ids of a document and of the definitions within its steps, at any depth. The document need not be valid. */
function idsIn(document: JsonObject): string[] {
  const ids: string[] = [];
  const left = [document];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const definition = innerDocument(next);
    ids.push(textOf(own(definition, 'id')) ?? '');
    for (const raw of listOf(own(definition, 'steps'))) {
      if (!isObject(raw)) continue;
      for (const kind of kindsOf({ raw, path: [], id: undefined, dependsOn: [] })) {
        const inner = innerWorkflow(kind.raw);
        if (isObject(inner)) left.push(inner);
      }
    }
  }
  return ids;
}
