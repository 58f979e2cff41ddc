import type { Command } from 'commander';
import type { Perform } from '../program.js';
import { collect } from '../values.js';
import { addWorkerFlags, type WorkerFlags } from './worker-flags.js';

export interface RunFlags extends WorkerFlags {
  input?: string;
  entryPoint?: string;
  env?: string[];
  answer?: string[];
  runId?: string;
  local?: boolean;
  detach?: boolean;
  /** commander's name of `--no-worker`. */
  worker: boolean;
}

export function addRun(program: Command, perform: Perform): void {
  const command = program
    .command('run')
    .summary('run a workflow and show its progress')
    .description('Runs a workflow: on the Temporal server that is configured, else on a running dev, else on an embedded server.')
    .argument('<file|id>', 'workflow document, JSON or YAML; - for stdin; or the id of a workflow in the --workflows folder')
    .option('--input <json>', 'input of the run: JSON, @file or - for stdin')
    .option('--entry-point <id>', 'where to start')
    .option('--env <name=value>', 'variable of the run, {env.NAME}; no secrets: it is kept in history; repeatable', collect)
    .option('--answer <step=json>', 'answer for what waits: STEP, STEP[3] or CHILDSTEP/STEP; JSON or @file; repeatable', collect);
  addWorkerFlags(command)
    .option('--run-id <id>', 'id of the run (default: a new one)')
    .option('--local', 'use the dev of this folder or an embedded server, whatever TEMPORAL_* variables and profiles say')
    .option('--detach', 'start the run, print its id and leave')
    .option('--no-worker', 'start no worker in this process')
    .addHelpText('after', HELP)
    .action(async (file: string, flags: RunFlags, self: Command) =>
      perform(self, async (context) => (await import('../actions/run.js')).run(context, file, flags)),
    );
}

const HELP = `
Examples:
  $ distri-workflow run pipeline.json --input '{"project_id":"p1"}' --tools tools.mjs
  $ distri-workflow run pipeline.yaml --input @input.json --entry-point publish_only
  $ distri-workflow run nightly-import --workflows flows
  $ distri-workflow run pipeline.json --answer review='{"approved":true}' --json

Progress goes to stderr, the output of the run to stdout. Ctrl-C stops watching, not the run.`;
