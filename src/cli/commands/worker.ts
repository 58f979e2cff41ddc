import type { Command } from 'commander';
import type { Perform } from '../program.js';
import { graceSecs, portNumber } from '../values.js';
import { addWorkerFlags, type WorkerFlags } from './worker-flags.js';

export interface WorkerCommandFlags extends WorkerFlags {
  skills: string;
  /** commander's name of `--no-engine`. */
  engine: boolean;
  metricsPort?: number;
  metricsHost?: string;
  deploymentName?: string;
  buildId?: string;
  shutdownGrace?: number;
}

export function addWorker(program: Command, perform: Perform): void {
  const command = program
    .command('worker')
    .summary('serve skills for the runs of a Temporal server')
    .description('Serves the steps that need the given skills. SIGTERM stops it: running steps finish or are handed back.')
    .requiredOption('--skills <list>', 'skills with commas between them, e.g. native:shell,google:drive, or all')
    .option('--no-engine', 'serve no workflows, only the skills');
  addWorkerFlags(command)
    .option('--metrics-port <port>', 'serve /healthz, /readyz and /metrics (Prometheus) there', portNumber)
    .option('--metrics-host <address>', 'where to serve them: 0.0.0.0 in a container (default: 127.0.0.1)')
    .option('--deployment-name <name>', 'the versioned deployment that it is of (default: TEMPORAL_DEPLOYMENT_NAME, none)')
    .option('--build-id <id>', 'its build, which gets work once it is current (default: TEMPORAL_WORKER_BUILD_ID)')
    .option('--shutdown-grace <secs>', 'how long running steps may finish after SIGTERM (default: DISTRI_SHUTDOWN_GRACE_SECS, 10)', graceSecs)
    .addHelpText(
      'after',
      '\nExamples:\n  $ distri-workflow worker --skills all --tools tools.mjs\n' +
        '  $ distri-workflow worker --skills native:shell --no-engine --metrics-port 9464\n' +
        '  $ distri-workflow worker --skills all --deployment-name distri --build-id 0.2.0',
    )
    .action(async (flags: WorkerCommandFlags, self: Command) =>
      perform(self, async (context) => (await import('../actions/worker.js')).worker(context, flags)),
    );
}
