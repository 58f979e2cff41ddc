import type { Command } from 'commander';
import type { Perform } from '../program.js';
import { portNumber } from '../values.js';
import { addWorkerFlags, type WorkerFlags } from './worker-flags.js';

export interface DevFlags extends WorkerFlags {
  port?: number;
  temporalPort?: number;
  uiPort?: number;
}

export function addDev(program: Command, perform: Perform): void {
  const command = program
    .command('dev')
    .summary('everything on this machine: Temporal, a worker, the HTTP API')
    .description(
      'Starts a Temporal server that keeps its data in the folder, its Web UI, a worker with all skills and the HTTP API with a ' +
        'store of its own; other commands in this folder use them. Runs that a crash has interrupted go on. Ctrl-C stops everything.',
    );
  addWorkerFlags(command)
    .option('--port <port>', 'port of the HTTP API (default: 4400, or a free one when that is taken)', portNumber)
    .option('--temporal-port <port>', 'port of the Temporal server (default: a free one)', portNumber)
    .option('--ui-port <port>', 'port of the Temporal Web UI (default: a free one)', portNumber)
    .addHelpText('after', '\nExamples:\n  $ distri-workflow dev --tools tools.mjs\n  $ distri-workflow dev --json | head -1')
    .action(async (flags: DevFlags, self: Command) =>
      perform(self, async (context) => (await import('../actions/dev.js')).dev(context, flags)),
    );
}
