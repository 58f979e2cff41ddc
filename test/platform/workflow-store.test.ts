import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStore, type Store } from '../../src/store/index.js';
import { readContent, type Viewer, type WorkflowAt, type WorkflowFilter } from '../../src/store/workflows.js';
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

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: { code: string }) => error.code,
  );
}

describe.each(['pglite', 'postgres'] as const)('workflows on %s', (kind) => {
  let store: Store;
  beforeAll(async () => {
    store = await openStore({ ...(kind === 'pglite' ? { folder: undefined } : { url: await postgres().create('workflows') }), migrate: true });
  });
  afterAll(() => store.close());

  /** A user of its own for each test, so that lists hold what the test made. */
  const newUser = (() => {
    let count = 0;
    return (): Viewer => ({ user: `user-${count++}`, isAdmin: false });
  })();

  const make = (id: string, fields: Partial<Parameters<Store['workflows']['create']>[1]> = {}, user = 'ann'): Promise<WorkflowAt> =>
    store.workflows.create(user, { content: content(id), ...fields });

  const names = async (viewer: Viewer, filter: Partial<WorkflowFilter> = {}, shelf?: 'public' | 'starred'): Promise<string[]> =>
    (await store.workflows.list(viewer, { limit: 100, ...filter }, shelf)).items.map(({ record }) => record.name);

  it('are kept as they were sent', async () => {
    const made = await make('kept', { tags: ['x'], note: 'first' });
    expect(made).toMatchObject({
      role: 'owner',
      isStarred: false,
      record: { owner: 'ann', name: 'kept', description: null, definitionId: 'kept', version: 1, stepCount: 1, tags: ['x'], isPublic: false, isTemplate: false, starCount: 0, cloneCount: 0, clonedFrom: null },
      at: { version: 1, author: 'ann', note: 'first' },
    });
    expect(await store.workflows.get(ann, made.record.id)).toEqual(made);
    expect(made.at.document).toBe(document('kept'));
    expect(made.at.contentHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('take their own id when their definition has none', async () => {
    const text = '{"steps":[]}';
    const { record, at } = await store.workflows.create('ann', { content: readContent(text, MAX_BYTES) });
    expect(record).toMatchObject({ name: 'Untitled', definitionId: record.id });
    const { at: again } = await store.workflows.update(ann, record.id, { content: readContent(`${text} `, MAX_BYTES) });
    expect(again).toMatchObject({ version: 2, contentHash: at.contentHash });
  });

  it('keep every version for ever', async () => {
    const { record } = await make('versions');
    const { id } = record;
    const second = await store.workflows.update(ann, id, { content: content('versions', 'two'), note: 'second' });
    expect(second.at).toMatchObject({ version: 2, author: 'ann', note: 'second' });
    expect((await store.workflows.get(ann, id, 1))?.at.document).toBe(document('versions'));
    expect(await store.workflows.get(ann, id, 3)).toBeUndefined();
    expect(await store.workflows.get(ann, id, 1.5)).toBeUndefined();
    expect(await store.workflows.get(ann, id, 1e12)).toBeUndefined();
    const page = await store.workflows.versions(ann, id, { limit: 1 });
    expect(page.items).toMatchObject([{ version: 2, note: 'second' }]);
    expect(page.items[0]).not.toHaveProperty('document');
    expect((await store.workflows.versions(ann, id, { limit: 1, cursor: page.nextCursor })).items).toMatchObject([{ version: 1 }]);
    expect((await store.workflows.compare(ann, id, 1, 2)).steps.changed).toMatchObject([{ id: 'say_hello', differences: [{ path: '$.label' }] }]);
    const restored = await store.workflows.restore(ann, id, 1);
    expect(restored.at).toMatchObject({ version: 3, note: 'Restores version 1', document: document('versions'), contentHash: (await store.workflows.version(ann, id, 1)).contentHash });
    expect(await codeOf(store.workflows.restore(ann, id, 9))).toBe('WORKFLOW_NOT_FOUND');
  });

  it('get a new version for whatever changes, and none for what does not', async () => {
    const { record, at } = await make('same', { tags: ['a'] });
    const same = await store.workflows.update(ann, record.id, { content: content('same'), tags: ['a'], name: 'same', note: 'nothing' });
    expect(same.record).toEqual(record);
    const renamed = await store.workflows.update(ann, record.id, { name: 'Renamed', description: 'D', tags: [], isTemplate: true, note: 'names' });
    expect(renamed.record).toMatchObject({ name: 'Renamed', description: 'D', tags: [], isTemplate: true, version: 2 });
    expect(renamed.record.updatedAt.getTime()).toBeGreaterThanOrEqual(record.updatedAt.getTime());
    expect(renamed.at).toMatchObject({ version: 2, note: 'names', document: at.document, contentHash: at.contentHash });
    expect((await store.workflows.update(ann, record.id, { description: '' })).record).toMatchObject({ description: null, version: 3 });
    const changed = await store.workflows.update(ann, record.id, { content: content('same', 'b'), name: 'Both' });
    expect(changed.at).toMatchObject({ version: 4, document: document('same', 'b') });
    expect((await store.workflows.restore(ann, record.id, 2)).at).toMatchObject({ version: 5, document: at.document });
  });

  it('keep a document once for all versions that have it', async () => {
    const { record, at } = await make('once');
    const { id } = record;
    for (const name of ['a', 'b']) await store.workflows.update(ann, id, { name });
    const { rows } = (await store.database.db.execute(sql`select version, document is null as refers from workflow_versions where workflow_id = ${id} order by version`)) as { rows: object[] };
    expect(rows).toEqual([{ version: 1, refers: false }, { version: 2, refers: true }, { version: 3, refers: true }]);
    for (const version of [1, 2, 3]) expect((await store.workflows.get(ann, id, version))?.at.document).toBe(at.document);
    expect(await store.triggers.workflow(id)).toMatchObject({ version: 3, document: at.document });
    expect((await store.workflows.clone(ann, id)).at.document).toBe(at.document);
  });

  it('lose nothing to a change that was made on an older version', async () => {
    const { record } = await make('stale');
    await store.workflows.update(ann, record.id, { content: content('stale', 'a'), expectedVersion: 1 });
    expect(await codeOf(store.workflows.update(ann, record.id, { content: content('stale', 'b'), expectedVersion: 1 }))).toBe('VERSION_CONFLICT');
    expect(await codeOf(store.workflows.update(ann, record.id, { name: 'b', expectedVersion: 1 }))).toBe('VERSION_CONFLICT');
    expect(await codeOf(store.workflows.restore(ann, record.id, 1, { expectedVersion: 1 }))).toBe('VERSION_CONFLICT');
    expect(await codeOf(store.workflows.delete(ann, record.id, 1))).toBe('VERSION_CONFLICT');
    expect(await store.workflows.get(ann, record.id)).toMatchObject({ record: { name: 'stale', version: 2 }, at: { document: document('stale', 'a') } });
  });

  it('take one of twenty changes at once that were made on the same version', async () => {
    const { record } = await make('race');
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => codeOf(store.workflows.update(ann, record.id, { content: content('race', `n${index}`), expectedVersion: 1 }))),
    );
    expect(results.filter((code) => code === 'no error')).toHaveLength(1);
    expect(results.filter((code) => code === 'VERSION_CONFLICT')).toHaveLength(19);
    const winner = results.indexOf('no error');
    expect((await store.workflows.get(ann, record.id))?.at).toMatchObject({ version: 2, document: document('race', `n${winner}`) });
  });

  it('take all of twenty changes at once that name no version, as so many versions', async () => {
    const { record } = await make('all');
    await Promise.all(Array.from({ length: 20 }, (_, index) => store.workflows.update(ann, record.id, { content: content('all', `n${index}`) })));
    const { items } = await store.workflows.versions(ann, record.id, { limit: 100 });
    expect(items.map(({ version }) => version)).toEqual(Array.from({ length: 21 }, (_, index) => 21 - index));
    expect(new Set(items.map(({ contentHash }) => contentHash)).size).toBe(21);
  });

  it('are not there for others', async () => {
    const { record } = await make('private');
    const { id } = record;
    expect(await store.workflows.get(bob, id)).toBeUndefined();
    const tries = [
      store.workflows.update(bob, id, { name: 'x' }),
      store.workflows.restore(bob, id, 1),
      store.workflows.clone(bob, id),
      store.workflows.delete(bob, id),
      store.workflows.versions(bob, id, { limit: 1 }),
      store.workflows.version(bob, id, 1),
      store.shares.list(bob, id),
      store.shares.share(bob, id, 'bob', 'edit'),
      store.shares.unshare(bob, id, 'ann'),
      store.stars.star(bob, id),
      store.stars.unstar(bob, id),
      store.workflows.update(bob, 'no\0id', { name: 'x' }),
    ];
    expect(new Set(await Promise.all(tries.map(codeOf)))).toEqual(new Set(['WORKFLOW_NOT_FOUND']));
    expect(await store.workflows.get(root, id)).toMatchObject({ role: 'owner' });
  });

  it('give others what their role allows', async () => {
    const { record } = await make('shared');
    const { id } = record;
    await store.shares.share(ann, id, 'bob', 'read');
    expect(await store.workflows.get(bob, id)).toMatchObject({ role: 'read' });
    expect(await codeOf(store.workflows.update(bob, id, { name: 'x' }))).toBe('FORBIDDEN');
    await store.shares.share(ann, id, 'bob', 'edit');
    expect(await store.shares.list(ann, id)).toMatchObject([{ userId: 'bob', role: 'edit' }]);
    expect((await store.workflows.update(bob, id, { content: content('shared', 'bob') })).at).toMatchObject({ version: 2, author: 'bob' });
    const refused = [
      store.workflows.update(bob, id, { isPublic: true }),
      store.workflows.delete(bob, id),
      store.shares.list(bob, id),
      store.shares.share(bob, id, 'carl', 'read'),
      store.shares.unshare(bob, id, 'bob'),
    ];
    expect(new Set(await Promise.all(refused.map(codeOf)))).toEqual(new Set(['FORBIDDEN']));
    expect(await codeOf(store.shares.share(ann, id, 'ann', 'read'))).toBe('BAD_REQUEST');
    await store.shares.unshare(ann, id, 'bob');
    await store.shares.unshare(ann, id, 'bob');
    expect(await store.workflows.get(bob, id)).toBeUndefined();
  });

  it('are shared with a thousand users at most', async () => {
    const { record } = await make('popular');
    await store.database.db.execute(sql`insert into workflow_shares (workflow_id, user_id, role) select ${record.id}, 'u' || n, 'read' from generate_series(1, 1000) n`);
    expect(await codeOf(store.shares.share(ann, record.id, 'one-more', 'read'))).toBe('BAD_REQUEST');
    expect(await store.shares.share(ann, record.id, 'u7', 'edit')).toMatchObject({ role: 'edit' });
  });

  it('may be run by all when they are public, and changed by their editors only', async () => {
    const { record } = await make('open', { isPublic: true });
    expect(await store.workflows.get(bob, record.id)).toMatchObject({ role: 'run' });
    expect(await codeOf(store.workflows.update(bob, record.id, { name: 'x' }))).toBe('FORBIDDEN');
    await store.shares.share(ann, record.id, 'bob', 'read');
    expect(await store.workflows.get(bob, record.id)).toMatchObject({ role: 'run' });
  });

  it('count the stars of many users at once, each once', async () => {
    const { record } = await make('liked', { isPublic: true });
    const fans = Array.from({ length: 10 }, (_, index) => ({ user: `fan-${index}`, isAdmin: false }));
    await Promise.all([
      ...[...fans, ...fans].map((fan) => store.stars.star(fan, record.id)),
      ...Array.from({ length: 5 }, (_, index) => store.workflows.update(ann, record.id, { content: content('liked', `v${index}`) })),
    ]);
    expect((await store.workflows.get(ann, record.id))?.record).toMatchObject({ starCount: 10, version: 6 });
    const fan = { user: 'fan-0', isAdmin: false };
    expect(await store.stars.star(fan, record.id)).toMatchObject({ isStarred: true, record: { starCount: 10 } });
    expect(await names(fan, {}, 'starred')).toEqual(['liked']);
    await Promise.all([store.stars.unstar(fan, record.id), store.stars.unstar(fan, record.id)]);
    expect(await store.workflows.get(fan, record.id)).toMatchObject({ isStarred: false, record: { starCount: 9 } });
    await store.workflows.update(ann, record.id, { isPublic: false });
    expect(await names({ user: 'fan-1', isAdmin: false }, {}, 'starred')).toEqual([]);
  });

  it('are cloned as private ones with where they come from', async () => {
    const { record } = await make('origin', { name: 'n'.repeat(500), description: 'D', tags: ['t'], isPublic: true, isTemplate: true });
    await store.workflows.update(ann, record.id, { content: content('origin', 'newest') });
    const clones = await Promise.all(Array.from({ length: 5 }, () => store.workflows.clone(bob, record.id)));
    expect(clones[0]).toMatchObject({
      role: 'owner',
      record: { owner: 'bob', name: `${'n'.repeat(493)} (copy)`, description: 'D', tags: ['t'], isPublic: false, isTemplate: false, starCount: 0, cloneCount: 0, clonedFrom: record.id, version: 1, definitionId: 'origin' },
      at: { version: 1, author: 'bob', document: document('origin', 'newest') },
    });
    expect((await store.workflows.get(ann, record.id))?.record.cloneCount).toBe(5);
  });

  it('are gone with all that belongs to them', async () => {
    const { record } = await make('gone', { isPublic: true });
    await store.stars.star(bob, record.id);
    await store.workflows.delete(ann, record.id);
    expect(await store.workflows.get(ann, record.id)).toBeUndefined();
    const { rows } = (await store.database.db.execute(sql`select count(*)::int as n from workflow_versions where workflow_id = ${record.id}`)) as { rows: { n: number }[] };
    expect(rows[0]?.n).toBe(0);
  });

  it('are listed newest update first: their own and shared ones', async () => {
    const [me, friend] = [newUser(), newUser()];
    const first = await make('first', {}, me.user);
    await make('second', {}, me.user);
    const shared = await make('theirs', {}, friend.user);
    await make('open to all', { isPublic: true }, friend.user);
    await store.shares.share(friend, shared.record.id, me.user, 'read');
    await store.workflows.update(me, first.record.id, { description: 'changed' });
    expect(await names(me)).toEqual(['first', 'theirs', 'second']);
    expect(await names(me, { limit: 1, offset: 1 })).toEqual(['theirs']);
    expect(await names(root)).toEqual(expect.arrayContaining(['first', 'theirs', 'second']));
    expect(await names(me, {}, 'public')).toContain('open to all');
  });

  it('are filtered by what they are', async () => {
    const me = newUser();
    await make('plain', { tags: ['red', 'blue'] }, me.user);
    await make('public', { isPublic: true, tags: ['red'] }, me.user);
    await make('template', { isTemplate: true, tags: ["o'neil \"x\", {y}"] }, me.user);
    expect(await names(me, { isPublic: true })).toEqual(['public']);
    expect(await names(me, { isTemplate: true })).toEqual(['template']);
    expect(await names(me, { isPublic: false, isTemplate: false })).toEqual(['plain']);
    expect(await names(me, { tags: ['blue', 'none'] })).toEqual(['plain']);
    expect(await names(me, { tags: ['red'] })).toEqual(['public', 'plain']);
    expect(await names(me, { tags: ["o'neil \"x\", {y}"] })).toEqual(['template']);
    expect(await names(me, { tags: [] })).toHaveLength(3);
  });

  it('are found by words, beginnings of words and parts of names', async () => {
    const me = newUser();
    await make('invoice-sync', { name: 'Invoice sync', description: 'Sends bills to api.example.com, 100% sure', tags: ['Größe_XL'] }, me.user);
    await store.workflows.create(me.user, { content: content('other', 'of Zürich'), name: 'Other' });
    const found = (search: string) => names(me, { search });
    expect(await found('bills invoice')).toEqual(['Invoice sync']);
    expect(await found('INVO')).toEqual(['Invoice sync']);
    expect(await found('voice sy')).toEqual(['Invoice sync']);
    expect(await found('crowd zürich')).toEqual(['Other']);
    expect(await found('say_hel')).toEqual(['Other', 'Invoice sync']);
    expect(await found('größe-xl')).toEqual(['Invoice sync']);
    expect(await found('example')).toEqual(['Invoice sync']);
    expect(await found('100%')).toEqual(['Invoice sync']);
    expect(await found('1%0')).toEqual([]);
    expect(await found('nothing bills')).toEqual([]);
    expect(await found('  ')).toHaveLength(2);
    await store.workflows.update(me, (await store.workflows.list(me, { limit: 1, search: 'Other' })).items[0]?.record.id ?? '', { content: content('other', 'of Basel') });
    expect(await found('zürich')).toEqual([]);
    expect(await found('basel')).toEqual(['Other']);
  });

  it('are found without the accents of their words, and told apart by the signs that end a word', async () => {
    const me = newUser();
    await make('accents', { name: 'Müller Café', description: 'Straße nach Łódź, smørrebrød' }, me.user);
    await make('plain', { name: 'Muller cafe' }, me.user);
    await make('signs', { name: 'Builds', tags: ['lang C++'] }, me.user);
    await make('other', { name: 'Coffee', tags: ['lang C#', 'lang C'] }, me.user);
    const found = (search: string) => names(me, { search });
    for (const search of ['muller', 'Müller', 'cafe', 'CAFÉ', 'mulle', 'müll']) expect(await found(search), search).toEqual(['Muller cafe', 'Müller Café']);
    for (const search of ['strasse', 'Straße', 'STRASSE', 'lodz', 'smorrebrod']) expect(await found(search), search).toEqual(['Müller Café']);
    for (const search of ['C++', 'c++ lang', 'c++']) expect(await found(search), search).toEqual(['Builds']);
    expect(await found('c#')).toEqual(['Coffee']);
    expect(await found('c lang')).toEqual(['Coffee', 'Builds']);
  });

  it('are searched for with odd input without an error', async () => {
    const odd = ["'", '"', '\\', '%', '_', ':*', '!', '&', '|', '<->', '(a', 'a:b', "it's & | ! <2>", '-x -y', 'a\u0301', '日本', '😀', '\ud800', 'x'.repeat(200), '1e5 0x1F 3.14', '<b>hi</b>', '/etc/passwd', 'a@b.c', 'null', '__proto__'];
    for (const search of odd) expect(await codeOf(store.workflows.list(ann, { search, limit: 1 })), search).toBe('no error');
    const long = await make('long', { description: 'w'.repeat(10_000), name: Array.from({ length: 100 }, (_, index) => `word${index}`).join(' ') });
    expect(await names(ann, { search: 'word99' })).toEqual([long.record.name]);
  });

  it('may have very many and very long words', async () => {
    const steps = Array.from({ length: 10_000 }, (_, index) => ({ id: `${index}${'日本語'.repeat(30)}`, kind: { type: 'checkpoint', message: 'x' } }));
    const { record } = await store.workflows.create('ann', { content: readContent(JSON.stringify({ id: '\u{1F600}'.repeat(500), steps }), 10_000_000) });
    expect(record.stepCount).toBe(10_000);
  });

  it('come each exactly once, page by page, while others are changed', async () => {
    const me = newUser();
    const made = [];
    for (let index = 0; index < 10; index++) made.push(await make(`w${index}`, {}, me.user));
    const seen: string[] = [];
    let cursor: string | undefined;
    for (;;) {
      const page = await store.workflows.list(me, { limit: 3, cursor });
      seen.push(...page.items.map(({ record }) => record.name));
      cursor = page.nextCursor;
      if (cursor === undefined) break;
      // w9 has been seen and w0 has not: both move to the front.
      for (const each of [made[9], made[0]]) await store.workflows.update(me, each?.record.id ?? '', { description: `${seen.length}` });
    }
    expect(seen).toEqual(['w9', 'w8', 'w7', 'w6', 'w5', 'w4', 'w3', 'w2', 'w1']);
    expect(await codeOf(store.workflows.list(me, { limit: 1, cursor: 'nonsense' }))).toBe('BAD_REQUEST');
    expect(await codeOf(store.workflows.list(me, { limit: 1, cursor: Buffer.from('["x","y"]').toString('base64url') }))).toBe('BAD_REQUEST');
  });

  it('are found for the workflow steps of those who may run them by their own ids, and by those of their definitions for their owners', async () => {
    const [me, friend] = [newUser(), newUser()];
    const id = `child-${me.user}`;
    const theirs = await make(id, {}, friend.user);
    expect(await store.workflows.findForChild(me.user, theirs.record.id)).toBeUndefined();
    await store.shares.share(friend, theirs.record.id, me.user, 'read');
    expect(await store.workflows.findForChild(me.user, theirs.record.id)).toBeUndefined();
    await store.shares.share(friend, theirs.record.id, me.user, 'run');
    expect((await store.workflows.findForChild(me.user, theirs.record.id))?.record.id).toBe(theirs.record.id);
    await store.workflows.update(friend, theirs.record.id, { content: content(id, 'newer'), isPublic: true });
    // Neither what is public nor what is shared with them comes by a name that anybody can give.
    expect(await store.workflows.findForChild(me.user, id)).toBeUndefined();
    expect(await store.workflows.findForChild('', id)).toBeUndefined();
    const older = await make(id, {}, me.user);
    const mine = await make(id, {}, me.user);
    expect((await store.workflows.findForChild(me.user, id))?.record.id).toBe(mine.record.id);
    await store.workflows.update(me, older.record.id, { name: 'touched' });
    expect((await store.workflows.findForChild(me.user, id))?.record.id).toBe(older.record.id);
    expect(await store.workflows.findForChild(me.user, 'a\0')).toBeUndefined();
    expect(await store.workflows.findForChild(me.user, theirs.record.id, '1')).toMatchObject({ record: { id: theirs.record.id }, at: { version: 1 } });
    expect(await store.workflows.findForChild(me.user, theirs.record.id)).toMatchObject({ at: { version: 2 } });
    expect(await store.workflows.findForChild(me.user, theirs.record.id, 'v1')).toBeUndefined();
    expect(await store.workflows.findForChild(me.user, id, 7)).toBeUndefined();
  });

  it('leave a trace of each change', async () => {
    const me = newUser();
    const { record } = await make('traced', {}, me.user);
    const { id } = record;
    await store.workflows.update(me, id, { content: content('traced', 'b'), isPublic: true });
    await store.workflows.update(me, id, { isPublic: true });
    await store.workflows.restore(me, id, 1);
    await store.shares.share(me, id, 'bob', 'read');
    await store.shares.unshare(me, id, 'bob');
    const clone = await store.workflows.clone(me, id);
    await codeOf(store.workflows.update(me, id, { name: 'x', expectedVersion: 1 }));
    await store.workflows.delete(me, id);
    const page = await store.audit.list({ target: `workflow:${id}`, limit: 4 });
    const rest = await store.audit.list({ target: `workflow:${id}`, limit: 4, ...(page.nextCursor === undefined ? {} : { cursor: page.nextCursor }) });
    expect([...page.items, ...rest.items].map(({ action }) => action)).toEqual(['workflow.delete', 'workflow.unshare', 'workflow.share', 'workflow.restore', 'workflow.update', 'workflow.create']);
    expect(rest.nextCursor).toBeUndefined();
    expect(rest.items[0]).toMatchObject({ actor: me.user, detail: { version: 2, changed: ['is_public', 'definition'] } });
    const mine = await store.audit.list({ actor: me.user, limit: 100 });
    expect(mine.items.find(({ action }) => action === 'workflow.clone')).toMatchObject({ target: `workflow:${clone.record.id}`, detail: { cloned_from: id } });
  });
});

describe('the schema', () => {
  it('is not used before it is up to date', async () => {
    const url = await postgres().create('unmigrated');
    expect(await codeOf(openStore({ url }))).toBe('STORE_NOT_MIGRATED');
    const store = await openStore({ url, migrate: true });
    const status = await store.database.migrationStatus();
    expect(status).toMatchObject({ pending: [], unknown: 0 });
    expect(status.applied).toBeGreaterThan(0);
    await store.close();
    await (await openStore({ url })).close();
  });

  it('tells what it lacks, and that a newer program made it', async () => {
    const url = await postgres().create('newer');
    const store = await openStore({ url, migrate: true });
    await store.database.db.execute(sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('x', 9999999999999)`);
    expect(await store.database.migrationStatus()).toMatchObject({ unknown: 1, pending: [] });
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const older = await openStore({ url, migrate: true });
    expect(warned.mock.calls).toEqual([[expect.stringContaining('newer than this program: it has 1 changes')]]);
    warned.mockRestore();
    expect(await older.workflows.get(ann, 'none')).toBeUndefined();
    await older.close();
    await store.database.db.execute(sql`delete from drizzle.__drizzle_migrations`);
    expect((await store.database.migrationStatus()).pending).toContain('0000_platform');
    await store.close();
  });
});
