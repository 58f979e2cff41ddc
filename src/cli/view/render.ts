import type { RunStatus } from '../../definition/snapshot.js';
import type { Colors } from '../terminal.js';
import { detailsOf, type Detail } from './details.js';
import { noteOf } from './notes.js';
import type { RunView, StepView } from './run-view.js';
import { column, columns, duration, fit, plain } from './text.js';

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

/** The run as a list of lines: one a step, more under one that needs somebody, and a line of totals. */
export function renderRun(view: RunView, frame: Frame): string[] {
  const steps = Object.values(view.steps);
  const chosen = choose(view, steps, frame);
  const widths = columnWidths(chosen.map(({ step }) => step));
  const lines = chosen.flatMap(({ step, details }) => [renderStep(step, widths, frame), ...details.map((detail) => renderDetail(detail, frame))]);
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

function renderStep(step: StepView, widths: { label: number; id: number }, frame: Frame): string {
  const { color } = frame;
  const head = [column(plain(step.label), widths.label), ...(widths.id === 0 ? [] : [column(plain(step.id), widths.id)])];
  const used = 2 + 2 + head.reduce((sum, cell) => sum + columns(cell) + 2, 0);
  const [label = '', id] = head;
  const quiet = step.status === 'pending' || step.status === 'skipped';
  const cells = [quiet ? color.dim(label) : label, ...(id === undefined ? [] : [color.dim(id)])];
  const note = paint(step, fit(noteOf(step, frame.now), Math.max(8, frame.width - used - 1)), color);
  return `  ${symbol(step, frame)} ${cells.join('  ')}  ${note}`.trimEnd();
}

/** Commands are never cut: they are to be copied. */
function renderDetail({ kind, text }: Detail, { width, color }: Frame): string {
  switch (kind) {
    case 'command':
      return `    ${color.cyan(text)}`;
    case 'failure':
      return `    ${color.red(fit(text, width - 5))}`;
    case 'wait':
    case 'retry':
    case 'reason':
      return `    ${color.yellow(fit(text, width - 5))}`;
    case 'rest':
      return `    ${color.dim(text)}`;
  }
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

interface Chosen {
  readonly step: StepView;
  readonly index: number;
  readonly details: readonly Detail[];
}

/** What fits: steps that need a look first, then the last that finished, then those to come; in order. */
function choose(view: RunView, steps: readonly StepView[], { now, height }: Frame): Chosen[] {
  const ranked = steps.map((step, index) => ({ step, index, rank: rankOf(step) }));
  ranked.sort((a, b) => a.rank - b.rank || (b.step.completedAt ?? 0) - (a.step.completedAt ?? 0) || a.index - b.index);
  const chosen: Chosen[] = [];
  let room = Math.max(3, height - 3);
  for (const { step, index } of ranked) {
    if (room <= 0) break;
    const details = detailsOf(view, step, now).slice(0, room - 1);
    chosen.push({ step, index, details });
    room -= 1 + details.length;
  }
  return chosen.sort((a, b) => a.index - b.index);
}

function rankOf(step: StepView): number {
  const order = ['failed', 'waiting_for_input', 'blocked', 'running', 'done', 'pending', 'skipped'] as const;
  return order.indexOf(step.status);
}

function totals(view: RunView, { now, color }: Frame): string {
  const steps = Object.values(view.steps);
  const settled = steps.filter(({ status }) => status === 'done' || status === 'skipped' || status === 'failed').length;
  const time = duration((view.completedAt ?? now) - view.startedAt);
  const paused = view.paused === undefined ? '' : `  ${color.yellow(pauseNote(view.paused))}`;
  const stuck = view.engineError === undefined ? '' : `  ${color.red(`engine error: ${plain(view.engineError)}`)}`;
  return `  ${paintStatus(view.status, color)}  ${settled} of ${steps.length} ${steps.length === 1 ? 'step' : 'steps'}  ${color.dim(time)}${paused}${stuck}`;
}

function pauseNote(by: 'user' | 'failure' | 'parent'): string {
  switch (by) {
    case 'user':
      return 'paused: runs resume lets it go on';
    case 'failure':
      return 'holds for its failed step';
    case 'parent':
      return 'paused with the run that it is a part of';
  }
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
