import type { RunSnapshot, StepSnapshot } from '../../definition/snapshot.js';
import type { Run } from '../../client/index.js';
import { exampleOf } from '../ask/example.js';
import { EXIT } from '../errors.js';
import { printJson, type Terminal } from '../terminal.js';
import { holdCommands } from '../view/hold.js';
import { plain, shellWord } from '../view/text.js';
import type { Followed } from './follow.js';

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
  const failed = Object.entries(snapshot.steps).filter(([, step]) => step.status === 'failed');
  const how = snapshot.status === 'canceled' ? 'The run was canceled' : 'The run failed';
  const code = snapshot.error_code === undefined ? '' : ` ${color.bold(snapshot.error_code)}`;
  const error = plain(snapshot.error ?? '');
  const told = error === '' || failed.some(([, step]) => step.error === snapshot.error);
  const reason = told || error.startsWith(how) ? '' : `${how}: `;
  terminal.say(`${color.red('error')}${code}: ${reason}${told ? how : error}`);
  for (const [id, step] of failed) terminal.say(failureLine(terminal, id, step));
  const docs = failed[0]?.[1].error_code ?? snapshot.error_code;
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
  const waiting = steps.filter(({ status }) => status === 'waiting_for_input').length;
  const missing = new Set(steps.flatMap((step) => (step.status === 'blocked' ? (step.missing ?? []) : [])));
  const held = steps.filter((step) => step.held === true).length;
  const reasons = [
    ...(snapshot.paused?.by === 'user' ? ['its user paused it'] : []),
    ...(held > 0 ? [`it holds for ${held === 1 ? 'a failed step' : `${held} failed steps`}`] : []),
    ...(waiting > 0 ? [`${waiting === 1 ? 'a step waits' : `${waiting} steps wait`} for an answer`] : []),
    ...(missing.size > 0 ? [`missing: ${[...missing].map(plain).join(', ')}`] : []),
  ];
  terminal.say(`${terminal.color.yellow(`The run is ${snapshot.status}`)}, and nobody is here to ask: ${reasons.join('; ')}.`);
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
  terminal.say(color.cyan(`  distri-workflow runs watch ${id}`));
  if (snapshot.paused?.by === 'user') terminal.say(color.cyan(`  distri-workflow runs resume ${id}`));
  for (const [stepId, step] of Object.entries(snapshot.steps)) {
    if (step.held === true) for (const command of holdCommands(run.id, stepId)) terminal.say(color.cyan(`  ${command}`));
    if (step.status !== 'waiting_for_input') continue;
    const answer = shellWord(JSON.stringify(exampleOf(step.schema)));
    terminal.say(color.cyan(`  distri-workflow runs answer ${id} ${shellWord(plain(stepId))} ${answer}`));
  }
  terminal.say(color.cyan(`  distri-workflow runs cancel ${id}`));
}
