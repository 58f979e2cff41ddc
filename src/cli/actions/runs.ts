import type { Run, RunInfo } from '../../client/index.js';
import { isEnded, type RunSnapshot } from '../../definition/snapshot.js';
import { writeAddress } from '../address.js';
import type { StepFlags } from '../commands/control.js';
import { filterOf } from '../commands/filter-flags.js';
import type { CheckpointFlags, ListFlags, ReasonFlags } from '../commands/runs.js';
import type { Context } from '../context.js';
import { EXIT } from '../errors.js';
import { follow } from '../follow/follow.js';
import { reportRun, sayEnd } from '../follow/report-run.js';
import { listenForInterrupt } from '../interrupt.js';
import { runUrl } from '../server.js';
import { printJson } from '../terminal.js';
import { readJson } from '../values.js';
import { showCommand } from '../view/details.js';
import { renderRun } from '../view/render.js';
import { viewOfSnapshot } from '../view/run-view.js';
import { printTable } from '../view/table.js';
import { duration, plain } from '../view/text.js';
import { addressedStep, indexOption } from './step-address.js';
import { sayDone, sayEndedAlready, withClient } from './with-client.js';

/** Reruns that are shown with a run, the newest. */
const MOST_RERUNS = 20;
/** Children that are shown with a run. */
const MOST_CHILDREN = 5;

/** Lists runs, the newest first. */
export async function listRuns(context: Context, flags: ListFlags): Promise<number> {
  const { terminal } = context;
  return withClient(context, async (client) => {
    const runs: RunInfo[] = [];
    for await (const run of client.listRuns({ ...filterOf(flags), limit: flags.limit })) runs.push(run);
    if (terminal.json) {
      printJson(terminal, runs);
    } else {
      printTable(terminal, ['RUN', 'WORKFLOW', 'STATUS', 'STARTED', 'TOOK', 'MISSING'], runs.map(runRow), 'There are no such runs.');
    }
    return EXIT.completed;
  });
}

function runRow(run: RunInfo): string[] {
  const took = Date.parse(run.completed_at ?? new Date().toISOString()) - Date.parse(run.started_at);
  const started = run.started_at.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
  return [run.run_id, run.workflow_id, run.status, started, duration(took), (run.missing ?? []).join(', ')];
}

/** Shows one run; the exit code tells only that it could be read. */
export async function showRun(context: Context, id: string): Promise<number> {
  const { terminal } = context;
  return withClient(context, async (client, server) => {
    const run = client.getRun(id);
    const snapshot = await run.snapshot();
    const reruns = await rerunsOf(run);
    if (terminal.json) {
      printJson(terminal, reruns.length === 0 ? snapshot : { ...snapshot, reruns });
      return EXIT.completed;
    }
    const { printColor: color } = terminal;
    const frame = { now: Date.now(), width: process.stdout.columns || 120, height: Number.POSITIVE_INFINITY, color };
    const url = runUrl(server, id);
    terminal.print(`${color.bold(snapshot.workflow_id)}  ${id}`);
    if (url !== undefined) terminal.print(color.dim(url));
    terminal.print(renderRun(viewOfSnapshot(snapshot), frame).join('\n'));
    for (const warning of snapshot.warnings) terminal.print(`  ${color.yellow('warning')} ${warning.code}: ${warning.message}`);
    if (snapshot.parent_run_id !== undefined) terminal.print(`  started by ${plain(snapshot.parent_run_id)}: ${showCommand({ run_id: snapshot.parent_run_id })}`);
    for (const line of childLines(snapshot)) terminal.print(`  ${line}`);
    if (snapshot.rerun_of) terminal.print(`  a rerun of ${snapshot.rerun_of.run_id}`);
    for (const rerun of reruns) terminal.print(`  run again by ${rerun}`);
    if (isEnded(snapshot.status)) sayEnd(terminal, snapshot);
    return EXIT.completed;
  });
}

/** The children that a run has open, or has had: the first of them. */
function childLines({ steps }: RunSnapshot): string[] {
  const children = Object.values(steps).flatMap(({ child, items }) => [...(child ? [child] : []), ...(items?.children ?? [])]);
  const shown = children.slice(0, MOST_CHILDREN).map((child) => `runs ${plain(child.run_id)}: ${showCommand(child)}`);
  return children.length > MOST_CHILDREN ? [...shown, `… ${children.length - MOST_CHILDREN} more runs`] : shown;
}

/** The ids of the reruns of a run; many reruns, or many runs since, are not looked through to the end. */
async function rerunsOf(run: Run): Promise<string[]> {
  const ids: string[] = [];
  for await (const { run_id } of run.reruns()) {
    ids.push(run_id);
    if (ids.length === MOST_RERUNS) break;
  }
  return ids;
}

/** Shows the progress of a run until it ends; the exit code is that of the run. */
export async function watchRun(context: Context, id: string): Promise<number> {
  const { terminal } = context;
  return withClient(context, async (client, server) => {
    const interrupt = listenForInterrupt();
    const run = client.getRun(id);
    const view = viewOfSnapshot(await run.snapshot());
    const url = runUrl(server, id);
    terminal.say(`${terminal.color.bold('run')} ${id}`);
    if (url !== undefined) terminal.say(terminal.color.dim(url));
    const followed = await follow({
      client,
      run,
      view,
      terminal,
      answers: [],
      ask: false,
      stopWhenWaiting: false,
      signal: interrupt.signal,
      onInterrupt: () => interrupt.interrupt(),
    });
    interrupt.release();
    return reportRun({ terminal, run, followed, ownServer: false, interruptCode: interrupt.exitCode });
  });
}

/** Answers a step that waits for input. */
export async function answerStep(context: Context, id: string, step: string, source: string, { index }: StepFlags): Promise<number> {
  const value = await readJson('The answer', source, `'"yes"'`);
  return withClient(context, async (client) => {
    const address = await addressedStep(client, id, step, index);
    await client.getRun(id).answer(address.stepId, value, indexOption(address));
    const done = { run_id: id, step_id: address.stepId, ...indexOption(address), answered: true };
    return sayDone(context, done, `Step ${plain(writeAddress(address))} of ${plain(id)} is answered.`);
  });
}

/** Ends a run at once. */
export async function terminateRun(context: Context, id: string, { reason }: ReasonFlags): Promise<number> {
  return withClient(context, async (client) => {
    const run = client.getRun(id);
    const ended = await sayEndedAlready(context, run, { terminated: false });
    if (ended !== undefined) return ended;
    await run.terminate(reason);
    return sayDone(context, { run_id: id, terminated: true }, `Run ${id} is terminated.`);
  });
}

/** Lists the checkpoints of a run, or prints the state of one. */
export async function checkpoints(context: Context, id: string, { load }: CheckpointFlags): Promise<number> {
  const { terminal } = context;
  return withClient(context, async (client) => {
    const run = client.getRun(id);
    if (load !== undefined) {
      printJson(terminal, await run.loadCheckpoint(load));
      return EXIT.completed;
    }
    const list = await run.checkpoints();
    if (terminal.json) printJson(terminal, list);
    else {
      const rows = list.map((each) => [each.checkpoint_id, each.step_id, each.created_at]);
      printTable(terminal, ['CHECKPOINT', 'STEP', 'CREATED'], rows, 'The run has no checkpoints yet.');
    }
    return EXIT.completed;
  });
}
