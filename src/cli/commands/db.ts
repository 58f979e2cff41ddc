import type { Command } from 'commander';
import type { Perform } from '../program.js';

/** The commands about the database of DATABASE_URL. */
export function addDb(program: Command, perform: Perform): void {
  const db = program
    .command('db')
    .summary('the database of the store')
    .description('Looks after the Postgres database of DATABASE_URL. (`dev` looks after its own.)');
  db.command('migrate')
    .description('brings the schema up to date; several at once wait for each other')
    .addHelpText('after', '\nExample:\n  $ DATABASE_URL=postgres://user:password@host/distri distri-workflow db migrate')
    .action(async (_flags: object, self: Command) => perform(self, async (context) => (await import('../actions/db.js')).migrate(context)));
  db.command('status')
    .description('tells whether the schema is up to date; exit code 2 when it is not')
    .action(async (_flags: object, self: Command) => perform(self, async (context) => (await import('../actions/db.js')).status(context)));
  db.command('rotate-keys')
    .description('encrypts all secrets with the first key of DISTRI_SECRET_KEYS; afterwards the other keys can be taken away')
    .action(async (_flags: object, self: Command) => perform(self, async (context) => (await import('../actions/db.js')).rotateKeys(context)));
}
