import type { Command } from 'commander';
import type { Perform } from '../program.js';
import { collect, portNumber } from '../values.js';

export interface PruneFlags {
  remove?: boolean;
}

export interface CodecServerFlags {
  port: number;
  host: string;
  uiOrigin?: string[];
  withoutToken?: boolean;
}

/** The commands about payloads: those outside the history, and how the Temporal Web UI shows what is encrypted. */
export function addStorage(program: Command, perform: Perform): void {
  const storage = program
    .command('storage')
    .summary('payloads that are kept outside the history')
    .description('Looks after the folder of payloads that are too large for the history.');
  storage
    .command('prune')
    .description('finds payloads of runs that the server no longer has, those past its retention, and removes them when told to')
    .option('--remove', 'remove them; without it they are only counted')
    .addHelpText('after', '\nExamples:\n  $ distri-workflow storage prune\n  $ distri-workflow storage prune --remove')
    .action(async (flags: PruneFlags, self: Command) =>
      perform(self, async (context) => (await import('../actions/storage.js')).prune(context, flags)),
    );
  program
    .command('codec-server')
    .summary('shows the Temporal Web UI what is encrypted or kept outside the history')
    .description(
      'Serves the remote codec endpoint of the Temporal Web UI: POST /decode and /encode. Whoever reaches it reads all payloads: ' +
        'it listens on this machine only, and elsewhere only with DISTRI_CODEC_TOKEN, which callers send as a bearer token.',
    )
    .option('--without-token', 'ask no token of anybody: for a network that only those reach who may read everything')
    .option('--port <port>', 'where to listen', portNumber, 8081)
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .option('--ui-origin <origin>', "a Web UI that may ask, e.g. http://localhost:8233 (default: that of the server); repeatable", collect)
    .action(async (flags: CodecServerFlags, self: Command) =>
      perform(self, async (context) => (await import('../actions/codec-server.js')).codecServer(context, flags)),
    );
}
