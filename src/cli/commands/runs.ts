import type { Command } from 'commander';
import type { Perform } from '../program.js';
import { positiveInteger, wholeNumber } from '../values.js';
import { addControl, STEP_ARGUMENT, type StepFlags } from './control.js';
import { addFilterFlags, type FilterFlags } from './filter-flags.js';
import { addMigrate } from './migrate.js';
import { addRerun } from './rerun.js';

export interface ListFlags extends FilterFlags {
  limit: number;
}

export interface ReasonFlags {
  reason?: string;
}

export interface CheckpointFlags {
  load?: string;
}

const actions = () => import('../actions/runs.js');

export function addRuns(program: Command, perform: Perform): void {
  const runs = program.command('runs').summary('look at runs, answer, steer and end them').description('Looks at runs, answers, steers and ends them.');
  addList(runs, perform);
  runs
    .command('show')
    .description('shows the steps of a run, its output or error')
    .argument('<id>', 'run id')
    .action(async (id: string, _flags: object, self: Command) =>
      perform(self, async (context) => (await actions()).showRun(context, id)),
    );
  runs
    .command('watch')
    .description('shows the progress of a run until it ends; Ctrl-C stops watching, not the run')
    .argument('<id>', 'run id')
    .action(async (id: string, _flags: object, self: Command) =>
      perform(self, async (context) => (await actions()).watchRun(context, id)),
    );
  runs
    .command('answer')
    .description('answers a step that waits for input')
    .argument('<id>', 'run id')
    .argument('<step>', STEP_ARGUMENT)
    .argument('<answer>', 'JSON, @file or - for stdin')
    .option('--index <n>', 'element of a fan-out, from 0', wholeNumber)
    .addHelpText('after', `\nExamples:\n  $ distri-workflow runs answer my-run review '{"approved":true}'\n  $ distri-workflow runs answer my-run 'review[3]' '{"approved":true}'`)
    .action(async (id: string, step: string, answer: string, flags: StepFlags, self: Command) =>
      perform(self, async (context) => (await actions()).answerStep(context, id, step, answer, flags)),
    );
  addControl(runs, perform);
  addTerminate(runs, perform);
  addRerun(runs, perform);
  addMigrate(runs, perform);
  runs
    .command('checkpoints')
    .description('lists the checkpoints of a run, or loads one')
    .argument('<id>', 'run id')
    .option('--load <checkpoint>', 'print the state of this checkpoint')
    .action(async (id: string, flags: CheckpointFlags, self: Command) =>
      perform(self, async (context) => (await actions()).checkpoints(context, id, flags)),
    );
}

function addList(runs: Command, perform: Perform): void {
  const list = runs.command('list').description('lists runs, the newest first');
  addFilterFlags(list)
    .option('--limit <count>', 'at most so many', positiveInteger, 50)
    .addHelpText('after', '\nExamples:\n  $ distri-workflow runs list --missing-skill google:drive')
    .action(async (flags: ListFlags, self: Command) =>
      perform(self, async (context) => (await actions()).listRuns(context, flags)),
    );
}

function addTerminate(runs: Command, perform: Perform): void {
  runs
    .command('terminate')
    .description('ends a run at once, without a chance to clean up; for runs that do not react to cancel')
    .argument('<id>', 'run id')
    .option('--reason <text>', 'why, for those who look at the run later')
    .action(async (id: string, flags: ReasonFlags, self: Command) =>
      perform(self, async (context) => (await actions()).terminateRun(context, id, flags)),
    );
}
