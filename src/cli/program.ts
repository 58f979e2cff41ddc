import { Command } from 'commander';
import { addConnections } from './commands/connections.js';
import { addDb } from './commands/db.js';
import { addDev } from './commands/dev.js';
import { addRun } from './commands/run.js';
import { addRuns } from './commands/runs.js';
import { addServer } from './commands/server.js';
import { addShow } from './commands/show.js';
import { addStorage } from './commands/storage.js';
import { addTokens } from './commands/tokens.js';
import { addValidate } from './commands/validate.js';
import { addWorker } from './commands/worker.js';
import { createContext, type Context, type GlobalFlags } from './context.js';
import type { Environment } from './env.js';
import { packageVersion } from './package-files.js';
import type { Terminal } from './terminal.js';

/** Runs what a command does; its exit code becomes that of the process. */
export type Perform = (command: Command, action: (context: Context) => Promise<number>) => Promise<void>;

/** The whole command line. Usage errors are thrown as commander's errors. */
export function createProgram(environment: Environment, terminal: Terminal, setExitCode: (code: number) => void): Command {
  const program = new Command('distri-workflow')
    .description('Runs Distri workflows durably on Temporal.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .option('--address <host:port>', 'Temporal server (default: TEMPORAL_ADDRESS, a running dev, an embedded server)')
    .option('--namespace <name>', 'Temporal namespace (default: TEMPORAL_NAMESPACE, "default")')
    .option('--profile <name>', 'profile of the Temporal configuration file')
    .option('--folder <path>', 'where the embedded server keeps its data', '.distri')
    .option('--payload-dir <path>', 'where large payloads are kept (default: DISTRI_PAYLOAD_DIR; with a dev or embedded server, payloads in its folder)')
    .option('--json', 'print one JSON document on stdout and nothing else there')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => {
        if (!terminal.json) terminal.say(text.trimEnd());
      },
    })
    .showHelpAfterError('Add --help for what it takes.')
    .exitOverride();
  program.addHelpText('after', OVERVIEW);
  const perform: Perform = async (command, action) => {
    const context = createContext(command.optsWithGlobals<GlobalFlags>(), environment, terminal);
    setExitCode(await action(context));
  };
  for (const add of [addRun, addValidate, addDev, addServer, addWorker, addRuns, addConnections, addShow, addDb, addTokens, addStorage]) add(program, perform);
  return program;
}

const OVERVIEW = `
Examples:
  $ distri-workflow run pipeline.json --tools tools.mjs --input '{"project_id":"p1"}'
  $ distri-workflow validate pipeline.json
  $ distri-workflow dev                      a Temporal server and a worker on this machine
  $ distri-workflow runs list --status blocked

Exit codes: 0 completed, 1 failed or canceled, 2 invalid document, input or usage,
3 paused or blocked and nobody to ask, 130 interrupted (the run goes on or is kept).`;
