/**
 * Makes what a start would otherwise make again: dist/workflow-bundle.js, the bundled workflow code, and dist/store/new-database.tar.gz,
 * an empty database with all migrations. Makes the command a program too, which npm does only when it links it first.
 */
import { chmod, rm, writeFile } from 'node:fs/promises';
import { URL } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { MIGRATIONS } from '../dist/store/migrations.js';
import { NEW_DATABASE } from '../dist/store/new-database.js';
import { bundleWorkflows } from '../dist/worker/workflow-bundle.js';

async function packDatabase() {
  await rm(NEW_DATABASE, { force: true });
  const client = await PGlite.create();
  await migrate(drizzle(client), { migrationsFolder: MIGRATIONS });
  const packed = await client.dumpDataDir('gzip');
  await client.close();
  await writeFile(NEW_DATABASE, new Uint8Array(await packed.arrayBuffer()));
}

await Promise.all([
  bundleWorkflows().then((code) => writeFile(new URL('../dist/workflow-bundle.js', import.meta.url), code)),
  packDatabase(),
  chmod(new URL('../dist/cli/main.js', import.meta.url), 0o755),
]);
