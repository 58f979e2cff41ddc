import type { Command } from 'commander';
import type { Perform } from '../program.js';
import { portNumber } from '../values.js';

export interface ServerFlags {
  host?: string;
  port?: number;
  migrate?: boolean;
}

export function addServer(program: Command, perform: Perform): void {
  program
    .command('server')
    .summary('the HTTP API')
    .description(
      'Serves the HTTP API, with workflows and connections in the database of DATABASE_URL and runs on a Temporal server. ' +
        'Workers are processes of their own. SIGTERM ends it; runs go on. All settings are in docs/configuration.md.',
    )
    .option('--host <address>', 'where to listen (default: DISTRI_HOST, 127.0.0.1)')
    .option('--port <port>', 'where to listen (default: DISTRI_PORT, 4400)', portNumber)
    .option('--migrate', 'bring the schema of the database up to date first')
    .addHelpText(
      'after',
      '\nExamples:\n  $ distri-workflow server --migrate\n  $ DISTRI_AUTH=tokens distri-workflow server --host 0.0.0.0 --port 4400',
    )
    .action(async (flags: ServerFlags, self: Command) =>
      perform(self, async (context) => (await import('../actions/server.js')).server(context, flags)),
    );
}
