import { own } from '../../definition/json.js';
import type { RunStatus } from '../../definition/snapshot.js';
import type { Colors } from '../terminal.js';
import { holdCommands } from './hold.js';
import { remedy } from './remedy.js';
import type { RunView, StepView } from './run-view.js';
import { column, columns, duration, fit, moment, plain } from './text.js';

/** What the drawing depends on besides the run. */
export interface Frame {
  readonly now: number;
  readonly width: number;
  /** Most lines; steps that matter least give way. */
  readonly height: number;
  readonly color: Colors;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const LABEL_WIDTH = 36;
const ID_WIDTH = 24;

/** The run as a list of lines: one a step, a second one under a blocked step, and a line of totals. */
export function renderRun(view: RunView, frame: Frame): string[] {
  const steps = Object.values(view.steps);
  const chosen = choose(steps, Math.max(3, frame.height - 3));
  const widths = columnWidths(chosen);
  const lines = chosen.flatMap((step) => renderStep(view, step, widths, frame));
  const hidden = steps.length - chosen.length;
  if (hidden > 0) lines.push(frame.color.dim(`  … ${hidden} more`));
  return [...lines, totals(view, frame)];
}

/** The id column is left out when every label is the id. */
function columnWidths(steps: readonly StepView[]): { label: number; id: number } {
  const widest = (texts: string[], most: number) => Math.min(most, Math.max(0, ...texts.map((text) => columns(plain(text)))));
  return {
    label: widest(steps.map((step) => step.label), LABEL_WIDTH),
    id: steps.every((step) => step.id === step.label) ? 0 : widest(steps.map((step) => step.id), ID_WIDTH),
  };
}

function renderStep(view: RunView, step: StepView, widths: { label: number; id: number }, frame: Frame): string[] {
  const { color } = frame;
  const head = [column(plain(step.label), widths.label), ...(widths.id === 0 ? [] : [column(plain(step.id), widths.id)])];
  const used = 2 + 2 + head.reduce((sum, cell) => sum + columns(cell) + 2, 0);
  const [label = '', id] = head;
  const quiet = step.status === 'pending' || step.status === 'skipped';
  const cells = [quiet ? color.dim(label) : label, ...(id === undefined ? [] : [color.dim(id)])];
  const note = paint(step, fit(noteOf(step, frame.now), Math.max(8, frame.width - used - 1)), color);
  const line = `  ${symbol(step, frame)} ${cells.join('  ')}  ${note}`.trimEnd();
  const commands = commandsOf(view, step);
  return [line, ...commands.map((command) => `    ${color.cyan(command)}`)];
}

/** What lets a blocked or held step go on. */
function commandsOf(view: RunView, step: StepView): string[] {
  if (step.held === true) return holdCommands(view.runId, step.id);
  if (step.status !== 'blocked') return [];
  return (step.missing ?? []).map((skill) => remedy(plain(skill), own(view.permissions, skill)));
}

function symbol(step: StepView, frame: Frame): string {
  const { color } = frame;
  switch (step.status) {
    case 'done':
      return color.green('✓');
    case 'failed':
      return color.red('✗');
    case 'skipped':
      return color.dim('↷');
    case 'running':
      return color.cyan(SPINNER[Math.floor(frame.now / 100) % SPINNER.length] ?? '•');
    case 'waiting_for_input':
      return color.yellow('?');
    case 'blocked':
      return color.yellow('!');
    case 'pending':
      return color.dim('·');
  }
}

/** Time, attempts and reason of a step, as plain text on one line. */
function noteOf(step: StepView, now: number): string {
  const elapsed = step.startedAt === undefined ? '' : duration((step.completedAt ?? now) - step.startedAt);
  const attempts = step.attempts > 1 ? `after ${step.attempts} attempts` : '';
  switch (step.status) {
    case 'pending':
      return '';
    case 'skipped':
      return 'skipped';
    case 'done':
      return [elapsed, attempts].filter(Boolean).join(' ');
    case 'running':
      return [elapsed, delayNote(step, now), retryNote(step, now)].filter(Boolean).join('  ');
    case 'failed':
      return [elapsed, attempts, step.held === true ? 'the run holds for it' : '', plain(step.error ?? '')].filter(Boolean).join('  ');
    case 'waiting_for_input':
      return `waits for an answer${step.until === undefined ? '' : ` ${delayNote(step, now)}`}: ${plain(step.message ?? '')}`;
    case 'blocked':
      return `blocked, missing: ${(step.missing ?? []).map(plain).join(', ')}`;
  }
}

function delayNote({ until }: StepView, now: number): string {
  return until === undefined ? '' : `until ${moment(until)} (${duration(until - now)})`;
}

function retryNote(step: StepView, now: number): string {
  if (step.retry === undefined) return '';
  const { attempt, maxAttempts, dueAt, error } = step.retry;
  const due = dueAt > now ? ` in ${duration(dueAt - now)}` : '';
  return `attempt ${attempt} of ${maxAttempts}${due}: ${plain(error)}`;
}

function paint(step: StepView, note: string, color: Colors): string {
  switch (step.status) {
    case 'failed':
      return color.red(note);
    case 'waiting_for_input':
    case 'blocked':
      return color.yellow(note);
    case 'running':
      return step.retry === undefined ? color.cyan(note) : color.yellow(note);
    case 'done':
    case 'pending':
    case 'skipped':
      return color.dim(note);
  }
}

/** The steps that fit: those that need a look first, then the last that finished, then those to come; in order. */
function choose(steps: readonly StepView[], room: number): readonly StepView[] {
  if (steps.length <= room) return steps;
  const ranked = steps.map((step, index) => ({ step, index, rank: rankOf(step) }));
  ranked.sort((a, b) => a.rank - b.rank || (b.step.completedAt ?? 0) - (a.step.completedAt ?? 0) || a.index - b.index);
  return ranked
    .slice(0, room)
    .sort((a, b) => a.index - b.index)
    .map(({ step }) => step);
}

function rankOf(step: StepView): number {
  const order = ['failed', 'waiting_for_input', 'blocked', 'running', 'done', 'pending', 'skipped'] as const;
  return order.indexOf(step.status);
}

function totals(view: RunView, { now, color }: Frame): string {
  const steps = Object.values(view.steps);
  const settled = steps.filter(({ status }) => status === 'done' || status === 'skipped' || status === 'failed').length;
  const time = duration((view.completedAt ?? now) - view.startedAt);
  const paused = view.paused === undefined ? '' : `  ${color.yellow(view.paused === 'user' ? 'paused: runs resume lets it go on' : 'holds for its failed step')}`;
  const stuck = view.engineError === undefined ? '' : `  ${color.red(`engine error: ${plain(view.engineError)}`)}`;
  return `  ${paintStatus(view.status, color)}  ${settled} of ${steps.length} ${steps.length === 1 ? 'step' : 'steps'}  ${color.dim(time)}${paused}${stuck}`;
}

/** The status of a run in its colour. */
function paintStatus(status: RunStatus, color: Colors): string {
  switch (status) {
    case 'completed':
      return color.green(status);
    case 'failed':
    case 'canceled':
      return color.red(status);
    case 'paused':
    case 'blocked':
      return color.yellow(status);
    case 'pending':
    case 'running':
      return color.cyan(status);
  }
}
