import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore, type Store } from '../../src/store/index.js';
import { readContent, type Viewer } from '../../src/store/workflows.js';
import { sharedPostgres } from '../support/postgres.js';

const postgres = sharedPostgres();
const MAX_BYTES = 1_000_000;

const ann: Viewer = { user: 'ann', isAdmin: false };
const bob: Viewer = { user: 'bob', isAdmin: false };
const root: Viewer = { user: 'root', isAdmin: true };

/** The text of a small document; `mark` makes it differ. */
function document(id: string, mark = ''): string {
  return `{ "id": ${JSON.stringify(id)}, "steps": [{"id":"say_hello","label":"Greets the crowd ${mark}","kind":{"type":"checkpoint","message":"hi"}}] }`;
}

function content(id: string, mark?: string) {
  return readContent(document(id, mark), MAX_BYTES);
}

describe.each(['pglite', 'postgres'] as const)('workflows on %s', (kind) => {
  let store: Store;
  beforeAll(async () => {
    store = await openStore({ ...(kind === 'pglite' ? { folder: undefined } : { url: await postgres().create('workflows') }), migrate: true });
  });
  afterAll(() => store.close());

  it('are kept as they were sent', async () => {
    const made = await store.workflows.create('ann', { content: content('kept'), tags: ['x'], note: 'first' });
    expect(made).toMatchObject({ role: 'owner', isStarred: false, record: { owner: 'ann', name: 'kept', definitionId: 'kept', version: 1, stepCount: 1, tags: ['x'], isPublic: false }, at: { version: 1, author: 'ann', note: 'first' } });
    expect((await store.workflows.get(ann, made.record.id))?.at.document).toBe(document('kept'));
  });
});
