import { chmod, chown, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageDriverClaim } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileStorage, ownerFolder, ownerKey } from './file-storage.js';

const payload = (text: string) => ({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(text)) });
const target = { kind: 'workflow', namespace: 'default', id: '../../etc/a run' } as const;
const folderOf = (root: string) => ownerFolder(root, ownerKey({ namespace: 'default', workflow_id: target.id }));

/** Does something as another user of this machine. */
async function as<T>(uid: number, gid: number, work: () => Promise<T>): Promise<T> {
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

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

  it.runIf(process.getuid?.() === 0)('is shared by users of one group', async () => {
    const [one, other, group] = [20_001, 20_002, 30_000];
    const shared = await mkdtemp(join(tmpdir(), 'distri-files-'));
    await chown(shared, one, group);
    await chmod(shared, 0o2770);
    const files = new FileStorage(shared);
    const shardOf = (id: string) => ownerKey({ namespace: 'default', workflow_id: id }).slice(0, 2);
    const neighbour = Array.from({ length: 10_000 }, (_, index) => `run-${index}`).find((id) => shardOf(id) === shardOf(target.id)) ?? '';

    const claims = await as(one, group, () => files.store({ target }, [payload('mine')]));
    const path = join(folderOf(shared), claims[0]?.claimData['sha256'] ?? '');
    await utimes(path, 0, 0);
    await as(other, group, async () => {
      expect(await files.retrieve({}, claims)).toHaveLength(1);
      expect(await files.store({ target }, [payload('mine'), payload('of the same run')])).toHaveLength(2);
      expect(await files.store({ target: { ...target, id: neighbour } }, [payload('of the same shard')])).toHaveLength(1);
    });
    expect((await stat(path)).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
    expect((await stat(folderOf(shared))).mode & 0o7777).toBe(0o2770);
    await expect(as(20_003, 30_003, () => files.retrieve({}, claims))).rejects.toMatchObject({ code: 'PAYLOAD_MISSING' });
    await as(one, group, () => rm(folderOf(shared), { recursive: true }));
    await rm(shared, { recursive: true });
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
