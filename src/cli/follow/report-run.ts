import type { RunSnapshot, StepSnapshot } from '../../definition/snapshot.js';
import type { Run } from '../../client/index.js';
import { EXIT } from '../errors.js';
import { printJson, type Terminal } from '../terminal.js';
import { pausedChildren, showCommand } from '../view/details.js';
import { holdCommands, retryAllCommand } from '../view/hold.js';
import { viewOfSnapshot, type RunView } from '../view/run-view.js';
import { plain, shellWord } from '../view/text.js';
import { answerCommand, waitsOf } from '../view/waits.js';
import type { Followed } from './follow.js';

/** Answers that the closing hint names. */
const MOST_WAITS = 10;

export interface ReportOptions {
  readonly terminal: Terminal;
  readonly run: Run;
  readonly followed: Followed;
  /** The server ends with this command, and the run with it until the next `dev`. */
  readonly ownServer: boolean;
  /** Exit code of a command that was interrupted. */
  readonly interruptCode: number;
}

/** Tells how the run stands when the command ends; the answer is the exit code. */
export async function reportRun(options: ReportOptions): Promise<number> {
  const { terminal, run, followed } = options;
  const snapshot = await run.snapshot();
  if (terminal.json) printJson(terminal, snapshot);
  switch (followed) {
    case 'ended':
      return sayEnd(terminal, snapshot);
    case 'waiting':
      sayWaiting(terminal, snapshot);
      sayNext(options, snapshot);
      return EXIT.waiting;
    case 'detached':
      terminal.say(`Stopped watching; the run is ${snapshot.status}.`);
      sayNext(options, snapshot);
      return options.interruptCode;
  }
}

/** The output of a completed run on stdout, why another one ended on stderr. */
export function sayEnd(terminal: Terminal, snapshot: RunSnapshot): number {
  if (snapshot.status === 'completed') {
    if (!terminal.json && snapshot.output !== undefined) printJson(terminal, snapshot.output);
    return EXIT.completed;
  }
  const { color } = terminal;
  const isCause = (step: StepSnapshot): number => (step.error === snapshot.error ? 1 : 0);
  // Steps that may fail (`on_error: continue`) are told of after the one that has failed the run.
  const failed = Object.entries(snapshot.steps)
    .filter(([, step]) => step.status === 'failed')
    .sort(([, one], [, other]) => isCause(other) - isCause(one));
  const how = snapshot.status === 'canceled' ? 'The run was canceled' : 'The run failed';
  const code = snapshot.error_code === undefined ? '' : ` ${color.bold(snapshot.error_code)}`;
  const error = plain(snapshot.error ?? '');
  const told = error === '' || failed.some(([, step]) => step.error === snapshot.error);
  const reason = told || error.startsWith(how) ? '' : `${how}: `;
  terminal.say(`${color.red('error')}${code}: ${reason}${told ? how : error}`);
  for (const [id, step] of failed) terminal.say(failureLine(terminal, id, step));
  const docs = snapshot.error_code ?? failed[0]?.[1].error_code;
  if (docs !== undefined) terminal.say(color.dim(`  See docs/errors.md#${docs.toLowerCase()}`));
  return EXIT.failed;
}

function failureLine({ color }: Terminal, id: string, step: StepSnapshot): string {
  const code = step.error_code === undefined ? '' : ` ${step.error_code}`;
  const attempts = step.attempts > 1 ? ` (after ${step.attempts} attempts)` : '';
  return `  ${color.red('✗')} step ${plain(id)}${code}${attempts}: ${plain(step.error ?? 'it failed')}`;
}

function sayWaiting(terminal: Terminal, snapshot: RunSnapshot): void {
  const steps = Object.values(snapshot.steps);
  const missing = new Set(steps.flatMap((step) => step.missing ?? []));
  const held = steps.filter((step) => step.held === true).length;
  const reasons = [
    ...(snapshot.paused === undefined || snapshot.paused.by === 'failure' ? [] : [`its ${snapshot.paused.by} paused it`]),
    ...(held > 0 ? [`it holds for ${held === 1 ? 'a failed step' : `${held} failed steps`}`] : []),
    ...waitReasons(viewOfSnapshot(snapshot)),
    ...(missing.size > 0 ? [`missing: ${[...missing].map(plain).join(', ')}`] : []),
  ];
  const why = reasons.length === 0 ? 'a run that it has started is paused' : reasons.join('; ');
  terminal.say(`${terminal.color.yellow(`The run is ${snapshot.status}`)}, and nobody is here to ask: ${why}.`);
}

function waitReasons(view: RunView): string[] {
  const waits = waitsOf(view);
  const listed = waits.filter(({ index, under }) => index !== undefined && under === undefined).length;
  const inside = waits.filter(({ under }) => under !== undefined).length;
  const steps = waits.length - listed - inside;
  const elements = Object.values(view.steps).reduce((count, { items }) => count + (items?.waitingMore ?? 0), listed);
  const say = (count: number, one: string, many: string): string[] =>
    count === 0 ? [] : [`${count === 1 ? `${one} waits` : `${count} ${many} wait`} for an answer`];
  return [
    ...say(steps, 'a step', 'steps'),
    ...say(elements, 'an element of a step', 'elements of steps'),
    ...say(inside, 'a step of a run that it has started', 'steps of runs that it has started'),
  ];
}

/** The commands with which the run goes on or is ended. */
function sayNext({ terminal, ownServer, run }: ReportOptions, snapshot: RunSnapshot): void {
  const { color } = terminal;
  const id = shellWord(run.id);
  terminal.say(
    ownServer
      ? 'The run is kept, and goes on when `distri-workflow dev` is started in this folder. Then:'
      : 'The run goes on. To watch, answer or cancel it:',
  );
  for (const command of nextCommands(run.id, snapshot)) terminal.say(color.cyan(`  ${command}`));
  terminal.say(color.cyan(`  distri-workflow runs cancel ${id}`));
}

function nextCommands(runId: string, snapshot: RunSnapshot): string[] {
  const id = shellWord(plain(runId));
  const view = viewOfSnapshot(snapshot);
  const waits = waitsOf(view);
  const { paused } = snapshot;
  return [
    `distri-workflow runs watch ${id}`,
    ...(paused !== undefined && paused.by !== 'failure' ? [`distri-workflow runs resume ${id}`] : []),
    ...Object.entries(snapshot.steps).flatMap(([stepId, step]) => (step.held === true ? heldCommands(runId, stepId, step) : [])),
    ...waits.slice(0, MOST_WAITS).map(answerCommand),
    ...(waits.length > MOST_WAITS ? [`distri-workflow runs show ${id}   (${waits.length - MOST_WAITS} more wait)`] : []),
    ...Object.values(view.steps).flatMap(pausedChildren).slice(0, MOST_WAITS).map(showCommand),
  ];
}

function heldCommands(runId: string, stepId: string, { items }: StepSnapshot): string[] {
  const held = (items?.failures ?? []).filter((failure) => failure.held === true);
  const [first] = held;
  if (first === undefined) return holdCommands(runId, { stepId });
  const commands = holdCommands(runId, { stepId, index: first.index });
  return held.length === 1 ? commands : [retryAllCommand(runId, stepId, held.length), ...commands];
}
