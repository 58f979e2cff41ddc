import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from './database.js';
import { migrationStatus } from './migrations.js';

describe('a new database in a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distri-database-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('begins anew where a process was killed while it unpacked, and keeps what is written', async () => {
    await mkdir(join(folder, 'data.new'));
    await writeFile(join(folder, 'data.new', 'PG_VERSION'), 'half');
    const first = await openDatabase({ folder });
    await first.migrate();
    await first.db.execute('create table kept (n int)');
    await first.close();
    expect(await readdir(folder)).toEqual(['data']);
    const second = await openDatabase({ folder });
    await second.db.execute('insert into kept values (1)');
    expect((await migrationStatus(second.db)).pending).toEqual([]);
    await second.close();
  });
});
