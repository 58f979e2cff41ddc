import type { Command } from 'commander';
import type { Perform } from '../program.js';
import { wholeNumber } from '../values.js';
import { addFilterFlags, type FilterFlags } from './filter-flags.js';

export const STEP_ARGUMENT = 'id of the step; STEP[3] is an element of its fan-out';

export interface StepFlags {
  index?: number;
}

export interface SkipFlags extends StepFlags {
  result?: string;
}

/** Flags of commands that act on one run or, by a filter, on many. */
export interface ManyFlags extends FilterFlags {
  all?: boolean;
  yes?: boolean;
}

export interface RetryFlags extends StepFlags, ManyFlags {}

export interface CancelFlags extends ManyFlags {
  reason?: string;
}

const actions = () => import('../actions/control.js');

/** The commands that steer a run that goes on. */
export function addControl(runs: Command, perform: Perform): void {
  runs
    .command('pause')
    .description('lets nothing new start in a run; running steps finish')
    .argument('<id>', 'run id')
    .action(async (id: string, _flags: object, self: Command) =>
      perform(self, async (context) => (await actions()).pauseRun(context, id)),
    );
  runs
    .command('resume')
    .description('lets a paused run go on; one that holds for a failed step gives it up and fails')
    .argument('<id>', 'run id')
    .action(async (id: string, _flags: object, self: Command) =>
      perform(self, async (context) => (await actions()).resumeRun(context, id)),
    );
  runs
    .command('skip')
    .description('skips a step that has not run, waits, is blocked or is held after its failure')
    .argument('<id>', 'run id')
    .argument('<step>', STEP_ARGUMENT)
    .option('--result <json>', 'result of the step for those that refer to it: JSON, @file or - for stdin')
    .option('--index <n>', 'element of a fan-out, from 0', wholeNumber)
    .addHelpText('after', `\nExamples:\n  $ distri-workflow runs skip my-run fetch --result '{"records":[]}'`)
    .action(async (id: string, step: string, flags: SkipFlags, self: Command) =>
      perform(self, async (context) => (await actions()).skipStep(context, id, step, flags)),
    );
  addRetry(runs, perform);
  addCancel(runs, perform);
}

function addRetry(runs: Command, perform: Perform): void {
  const retry = runs
    .command('retry')
    .description('runs failed steps again in runs that hold for them (on_failure: hold)')
    .argument('[id]', 'run id')
    .argument('[step]', `${STEP_ARGUMENT} (default: all that are held)`)
    .option('--index <n>', 'element of a fan-out, from 0', wholeNumber);
  addMany(retry)
    .addHelpText('after', '\nExamples:\n  $ distri-workflow runs retry my-run fetch\n  $ distri-workflow runs retry --workflow nightly-import --status paused')
    .action(async (id: string | undefined, step: string | undefined, flags: RetryFlags, self: Command) =>
      perform(self, async (context) => (await actions()).retrySteps(context, { id, step }, flags)),
    );
}

function addCancel(runs: Command, perform: Perform): void {
  const cancel = runs
    .command('cancel')
    .description('cancels runs: running steps are stopped, results are kept, steps that run always still run')
    .argument('[id]', 'run id')
    .option('--reason <text>', 'why, for those who look at the run later');
  addMany(cancel)
    .addHelpText('after', '\nExamples:\n  $ distri-workflow runs cancel my-run --reason "wrong input"\n  $ distri-workflow runs cancel --workflow nightly-import --status blocked')
    .action(async (id: string | undefined, flags: CancelFlags, self: Command) =>
      perform(self, async (context) => (await actions()).cancelRuns(context, id, flags)),
    );
}

function addMany(command: Command): Command {
  return addFilterFlags(command)
    .option('--all', 'all open runs')
    .option('--yes', 'do not ask before many runs are changed');
}
