import type { Command } from 'commander';
import type { Perform } from '../program.js';
import { collect } from '../values.js';

export interface CreateTokenFlags {
  user: string;
  name: string;
  scope?: string[];
  expiresAt?: string;
}

export interface ListTokensFlags {
  user?: string;
}

/** The commands about API tokens, for whoever may reach the database: the first token cannot be made over HTTP. */
export function addTokens(program: Command, perform: Perform): void {
  const tokens = program
    .command('tokens')
    .summary('tokens of the HTTP API')
    .description('Makes and revokes tokens of the HTTP API, in the database of DATABASE_URL.');
  tokens
    .command('create')
    .description('makes a token and prints it: it is shown this once')
    .requiredOption('--user <id>', 'whose it is')
    .option('--name <text>', 'what it is for', 'command line')
    .option('--scope <scope>', 'what it may do; repeatable (default: all but metrics and admin)', collect)
    .option('--expires-at <time>', 'until when it is good, e.g. 2027-12-31T00:00:00Z (default: for ever)')
    .addHelpText('after', '\nExample:\n  $ distri-workflow tokens create --user ann --scope workflows:read --scope runs:write')
    .action(async (flags: CreateTokenFlags, self: Command) =>
      perform(self, async (context) => (await import('../actions/tokens.js')).create(context, flags)),
    );
  tokens
    .command('list')
    .description('lists tokens; what they are made of is not kept')
    .option('--user <id>', 'only of this user')
    .action(async (flags: ListTokensFlags, self: Command) =>
      perform(self, async (context) => (await import('../actions/tokens.js')).list(context, flags)),
    );
  tokens
    .command('revoke <id>')
    .description('ends a token; servers know within ten seconds')
    .action(async (id: string, _flags: object, self: Command) =>
      perform(self, async (context) => (await import('../actions/tokens.js')).revoke(context, id)),
    );
}
