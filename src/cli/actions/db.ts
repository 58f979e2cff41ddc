import { withCleanup } from '../cleanup.js';
import type { Context } from '../context.js';
import { EXIT } from '../errors.js';
import { openConfiguredDatabase, openConfiguredStore } from '../store.js';
import { printJson } from '../terminal.js';
import { sayDone } from './with-client.js';

/** Brings the schema up to date. */
export async function migrate(context: Context): Promise<number> {
  return withCleanup(async (cleanup) => {
    const database = await openConfiguredDatabase(context, cleanup);
    const applied = await database.migrate();
    const text = applied === 0 ? 'The schema is up to date: nothing was done.' : `The schema is up to date: ${applied} migrations were applied.`;
    return sayDone(context, { applied }, text);
  });
}

/** Tells how the schema stands to this version of the program. */
export async function status(context: Context): Promise<number> {
  return withCleanup(async (cleanup) => {
    const database = await openConfiguredDatabase(context, cleanup);
    const { applied, pending, unknown } = await database.migrationStatus();
    const { terminal } = context;
    if (terminal.json) printJson(terminal, { applied, pending, unknown });
    else if (unknown > 0) terminal.print(`The schema is newer than this program: ${unknown} of its ${applied} migrations are unknown here.`);
    else if (pending.length > 0) terminal.print(`The schema lacks ${pending.join(', ')}: run \`distri-workflow db migrate\`.`);
    else terminal.print(`The schema is up to date: ${applied} migrations.`);
    return pending.length === 0 && unknown === 0 ? EXIT.completed : EXIT.refused;
  });
}

/** Encrypts all secrets with the first key; fails when some are left that need another one. */
export async function rotateKeys(context: Context): Promise<number> {
  return withCleanup(async (cleanup) => {
    const store = await openConfiguredStore(context, {}, cleanup);
    const { changed: rotated, left } = await store.rotateKeys();
    const result = left === 0 ? 'none needs another key than the first.' : `${left} need another key than the first: a process that has that one in front goes on writing. Restart it with the new keys and rotate again.`;
    sayDone(context, { rotated, left }, `${rotated} secrets were encrypted anew; ${result}`);
    return left === 0 ? EXIT.completed : EXIT.failed;
  });
}
