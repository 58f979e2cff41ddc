import type { Command } from 'commander';
import type { Perform } from '../program.js';
import { collect } from '../values.js';

export interface MigrateFlags {
  decide?: string[];
  dryRun?: boolean;
}

export function addMigrate(runs: Command, perform: Perform): void {
  runs
    .command('migrate')
    .description('moves a live run to another definition, once its running steps have ended')
    .argument('<id>', 'run id')
    .argument('<file>', 'the new definition, JSON or YAML')
    .option('--decide <step=what>', 'keep, rerun or drop the result of an ended step that differs; repeatable', collect)
    .option('--dry-run', 'only say what the move means')
    .addHelpText('after', HELP)
    .action(async (id: string, file: string, flags: MigrateFlags, self: Command) =>
      perform(self, async (context) => (await import('../actions/migrate.js')).migrate(context, id, file, flags)),
    );
}

const HELP = `
Examples:
  $ distri-workflow runs migrate my-run pipeline.yaml --dry-run
  $ distri-workflow runs migrate my-run pipeline.yaml --decide fetch=keep --decide count=rerun

A run that cannot be moved, or not before you decide, is left as it is; the exit code is then 2.`;
