import { checkStart, type ParsedWorkflow } from '../../definition/parse.js';
import { InvalidDefinitionError } from '../../definition/errors.js';
import type { InexactNumber } from '../../definition/exact-json.js';
import type { JsonObject } from '../../definition/json.js';
import type { DistriClient, Run } from '../../client/index.js';
import { withCleanup, type Cleanup } from '../cleanup.js';
import type { RunFlags } from '../commands/run.js';
import type { Context } from '../context.js';
import { sayProblems } from '../document.js';
import { EXIT, UsageError } from '../errors.js';
import { listenForInterrupt, type Interrupt } from '../interrupt.js';
import type { GivenAnswer } from '../given-answers.js';
import { onlyLocal } from '../only-local.js';
import { openClient, runUrl, type Server } from '../server.js';
import { printJson } from '../terminal.js';
import { readAnswers } from '../answers.js';
import { assignments, readInput } from '../values.js';
import { findDocument, workflowsFolder, type NamedDocument } from '../workflows-folder.js';
import { viewOfDefinition } from '../view/run-view.js';
import { openServer, prepareWorker, provideWorker, type OpenServer } from './run-server.js';

/** Everything that the command line says about the run, checked against the document. */
interface Plan {
  document: ParsedWorkflow;
  start: { input?: JsonObject; inexact?: readonly InexactNumber[]; entryPoint?: string; env: { [name: string]: string }; runId?: string };
  answers: GivenAnswer[];
}

/** Runs a document, shows its progress and answers its questions. */
export async function run(given: Context, name: string, flags: RunFlags): Promise<number> {
  const context = flags.local === true ? onlyLocal(given) : given;
  const named = await findDocument(context, name, workflowsFolder(context, flags.workflows));
  const plan = await makePlan(context, named, flags);
  return plan === undefined ? EXIT.refused : withCleanup((cleanup) => execute(context, flags, plan, cleanup));
}

/** Undefined: the document is invalid, and its problems have been told. */
async function makePlan(context: Context, named: NamedDocument, flags: RunFlags): Promise<Plan | undefined> {
  const { terminal } = context;
  if (named.name === '-' && flags.input === '-') throw new UsageError('The document and --input cannot both come from stdin');
  let document: ParsedWorkflow;
  try {
    document = await named.read();
    if (!terminal.json) sayProblems(terminal, named.name, document.problems);
  } catch (error) {
    if (!(error instanceof InvalidDefinitionError) || terminal.json) throw error;
    sayProblems(terminal, named.name, error.problems);
    return undefined;
  }
  const { entryPoint, runId } = flags;
  const start = {
    ...(flags.input !== undefined && (await readInput(flags.input))),
    ...(entryPoint !== undefined && { entryPoint }),
    ...(runId !== undefined && { runId }),
    env: assignments('--env', flags.env),
  };
  const { definition } = document;
  checkStart(definition, start);
  return { document, start, answers: await readAnswers(flags.answer ?? [], definition.steps) };
}

async function execute(context: Context, flags: RunFlags, plan: Plan, cleanup: Cleanup): Promise<number> {
  const interrupt = listenForInterrupt();
  cleanup.add(async () => interrupt.release());
  const { opened, prepared } = await open(context, flags, cleanup, interrupt.signal);
  if (opened === undefined) return interrupt.exitCode;
  const client = await openClient(context, opened.server, cleanup);
  const worker = await provideWorker(context, flags, opened, client, prepared, cleanup);
  if (interrupt.signal.aborted) return interrupt.exitCode;
  const started = await client.start(plan.document, plan.start);
  if (flags.detach === true) return detached(context, started);
  return watch(context, plan, { client, started, breakdown: breakdownOf(opened, worker) }, opened, interrupt);
}

/** Reads what the worker is to have while the server starts. */
async function open(context: Context, flags: RunFlags, cleanup: Cleanup, signal: AbortSignal) {
  const mistaken = new AbortController();
  let opening: Promise<OpenServer | undefined> = Promise.resolve(undefined);
  await new Promise<void>((launched) => {
    opening = openServer(context, flags, cleanup, AbortSignal.any([signal, mistaken.signal]), launched);
    opening.then(() => launched(), () => launched());
  });
  try {
    const prepared = await prepareWorker(context, flags, cleanup);
    return { prepared, opened: await opening };
  } catch (error) {
    mistaken.abort();
    await opening.catch(() => undefined);
    throw error;
  }
}

function detached({ terminal }: Context, started: Run): number {
  if (terminal.json) printJson(terminal, { run_id: started.id });
  else terminal.print(started.id);
  return EXIT.completed;
}

/** Rejects when what this command has started for the run breaks down. */
async function breakdownOf({ lost }: OpenServer, worker: { ended: Promise<void> } | undefined): Promise<void> {
  await Promise.all([lost, worker?.ended]);
}

async function watch(
  context: Context,
  plan: Plan,
  { client, started, breakdown }: { client: DistriClient; started: Run; breakdown: Promise<void> },
  { server, own }: OpenServer,
  interrupt: Interrupt,
): Promise<number> {
  const { terminal } = context;
  const [{ follow }, { reportRun }] = await Promise.all([import('../follow/follow.js'), import('../follow/report-run.js')]);
  sayHead(context, started, server);
  const view = viewOfDefinition(plan.document.definition, started.id, Date.now());
  const followed = await follow({
    client,
    run: started,
    view,
    terminal,
    answers: plan.answers,
    ask: terminal.interactive,
    stopWhenWaiting: !terminal.interactive,
    signal: interrupt.signal,
    onInterrupt: () => interrupt.interrupt(),
    breakdown,
  });
  return reportRun({ terminal, run: started, followed, ownServer: own, interruptCode: interrupt.exitCode });
}

function sayHead({ terminal }: Context, started: Run, server: Server): void {
  const { color } = terminal;
  const url = runUrl(server, started.id);
  terminal.say(`${color.bold('run')} ${started.id}`);
  if (url !== undefined) terminal.say(color.dim(url));
}
