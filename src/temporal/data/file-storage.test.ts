import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageDriverClaim } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileStorage, ownerFolder, ownerKey } from './file-storage.js';

const payload = (text: string) => ({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(text)) });
const target = { kind: 'workflow', namespace: 'default', id: '../../etc/a run' } as const;
const folderOf = (root: string) => ownerFolder(root, ownerKey({ namespace: 'default', workflow_id: target.id }));

let root: string;
let storage: FileStorage;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'distri-files-'));
  storage = new FileStorage(root);
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('FileStorage', () => {
  it('stores equal content of a run once, below its folder, whatever the run is called', async () => {
    const claims = await Promise.all(Array.from({ length: 8 }, async () => (await storage.store({ target }, [payload('same')]))[0]));
    expect(new Set(claims.map((claim) => claim?.claimData['sha256'])).size).toBe(1);
    expect((await readdir(folderOf(root))).length).toBe(2);
    const [read] = await storage.retrieve({}, claims.slice(0, 1) as StorageDriverClaim[]);
    expect(Buffer.from(read?.data ?? []).toString()).toBe('"same"');
  });

  it('finds out content that was changed, or cut off', async () => {
    const [claim] = await storage.store({ target }, [payload('precious')]);
    await writeFile(join(folderOf(root), claim?.claimData['sha256'] ?? ''), 'prec');
    await expect(storage.retrieve({}, claim ? [claim] : [])).rejects.toMatchObject({ code: 'PAYLOAD_DAMAGED' });
  });

  it('reads nothing that a reference should not lead to', async () => {
    const claim = new StorageDriverClaim({ run: '../../../etc', sha256: 'passwd' });
    await expect(storage.retrieve({}, [claim])).rejects.toMatchObject({ code: 'PAYLOAD_DAMAGED' });
  });

  it('says why it cannot store', async () => {
    await writeFile(join(root, 'file'), '');
    const blocked = new FileStorage(join(root, 'file'));
    await expect(blocked.store({ target }, [payload('x')])).rejects.toMatchObject({
      code: 'PAYLOAD_NOT_STORED',
      name: 'PAYLOAD_NOT_STORED',
      message: expect.stringContaining(join(root, 'file')) as string,
    });
  });
});
