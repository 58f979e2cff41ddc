import { access, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PGlite } from '@electric-sql/pglite';

type Open = (options: { dataDir?: string; loadDataDir?: Blob }) => Promise<PGlite>;

/** An empty, migrated database as the build leaves it. Unpacking it takes a quarter of the time that `initdb` and the migrations take. */
export const NEW_DATABASE = fileURLToPath(new URL('../../dist/store/new-database.tar.gz', import.meta.url));

/** The file of the build; undefined in a tree that was never built. */
async function newDatabase(): Promise<Blob | undefined> {
  const packed = await readFile(NEW_DATABASE).catch(() => undefined);
  return packed && new Blob([new Uint8Array(packed)], { type: 'application/x-gzip' });
}

/** Opens the database in a folder, or in memory without one. A new one begins as a copy of the build's. */
export async function openOrBegin(open: Open, folder: string | undefined): Promise<PGlite> {
  if (folder === undefined) {
    const loadDataDir = await newDatabase();
    return open(loadDataDir === undefined ? {} : { loadDataDir });
  }
  const dataDir = join(folder, 'data');
  const exists = await access(join(dataDir, 'PG_VERSION')).then(() => true, () => false);
  const loadDataDir = exists ? undefined : await newDatabase();
  if (loadDataDir !== undefined) {
    // A process that is killed while it unpacks leaves no half database in `data`.
    const unpacked = join(folder, 'data.new');
    await rm(unpacked, { recursive: true, force: true });
    await (await open({ dataDir: unpacked, loadDataDir })).close();
    await rename(unpacked, dataDir);
  }
  return open({ dataDir });
}
