import type { Command } from 'commander';
import type { Perform } from '../program.js';
import { collect } from '../values.js';

export interface RerunFlags {
  from?: string[];
  input?: string;
  result?: string[];
  definition?: string;
  env?: string[];
  runId?: string;
  dryRun?: boolean;
}

export function addRerun(runs: Command, perform: Perform): void {
  runs
    .command('rerun')
    .description('starts a new run with the results of another one: what failed or had not ended runs again')
    .argument('<id>', 'run id')
    .option('--from <step>', 'run this step again, and all that depends on it; repeatable', collect)
    .option('--input <json>', 'another input: JSON, @file or - for stdin')
    .option('--result <step=json>', 'another result for a step: JSON or @file; repeatable', collect)
    .option('--definition <file>', 'a newer definition, JSON or YAML')
    .option('--env <name=value>', 'other variables of the run; repeatable', collect)
    .option('--run-id <id>', 'id of the new run (default: a new one)')
    .option('--dry-run', 'only say which steps would run again and which keep their results')
    .addHelpText('after', HELP)
    .action(async (id: string, flags: RerunFlags, self: Command) =>
      perform(self, async (context) => (await import('../actions/rerun.js')).rerun(context, id, flags)),
    );
}

const HELP = `
Examples:
  $ distri-workflow runs rerun my-run --dry-run
  $ distri-workflow runs rerun my-run --from publish --result review='{"approved":true}'
  $ distri-workflow runs rerun my-run --input @corrected.json --definition pipeline.yaml

It prints the id of the new run.`;
