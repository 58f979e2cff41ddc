import { own } from '../../definition/json.js';
import type { ChildSnapshot } from '../../definition/snapshot.js';
import { giveUpCommand, holdCommands, retryAllCommand } from './hold.js';
import { reasonLines, remedy } from './remedy.js';
import type { ItemsView, RetryView } from './items-view.js';
import type { RunView, StepView } from './run-view.js';
import { duration, plain, shellWord } from './text.js';
import { answerCommand, waitsOfStep } from './waits.js';

/** A line under a step. */
export interface Detail {
  readonly kind: 'failure' | 'wait' | 'retry' | 'reason' | 'rest' | 'command';
  readonly text: string;
}

/** Elements, or steps of children, of one sort that are shown under their step. */
const SHOWN = 3;

/** What lets a step go on that is blocked, held, or of which elements or children wait or have failed. */
export function detailsOf(view: RunView, step: StepView, now: number): Detail[] {
  const settled = step.status === 'done' || (step.status === 'failed' && step.held !== true);
  return [
    ...(step.items ? failures(view, step, step.items, settled) : step.held === true ? commands(holdCommands(view.runId, { stepId: step.id })) : []),
    ...(settled ? [] : [...waits(view, step), ...blocks(view, step), ...paused(step), ...retries(step.items, now)]),
  ];
}

function failures(view: RunView, step: StepView, items: ItemsView, settled: boolean): Detail[] {
  const shown = [...items.failures].filter(([, { held }]) => held || settled).sort(([a], [b]) => a - b);
  const held = shown.filter(([, failure]) => failure.held).length;
  const lines: Detail[] = shown.slice(0, SHOWN).flatMap(([index, failure], position) => [
    { kind: 'failure', text: `✗ [${index}] ${plain(failure.error)}` },
    ...(failure.held && position === 0 ? commands(holdCommands(view.runId, { stepId: step.id, index }).slice(0, 2), '  ') : []),
  ]);
  const count = settled ? Math.max(items.failed, shown.length) : shown.length;
  if (count > SHOWN) lines.push({ kind: 'rest', text: `… ${count - SHOWN} more failed` });
  if (held > 1) lines.push(...commands([retryAllCommand(view.runId, step.id, held)]));
  if (held > 0) lines.push(...commands([giveUpCommand(view.runId)]));
  return lines;
}

/** A step that waits itself shows so in its own line. */
function waits(view: RunView, step: StepView): Detail[] {
  if (step.items === undefined && step.child === undefined) return [];
  const all = waitsOfStep(view.runId, step);
  const lines = all.slice(0, SHOWN).flatMap((wait, position): Detail[] => [
    { kind: 'wait', text: `? ${placeOf(wait)}: ${plain(wait.message)}` },
    ...(position === 0 ? commands([answerCommand(wait)], '  ') : []),
  ]);
  const more = all.length - SHOWN + (step.items?.waitingMore ?? 0);
  return more > 0 ? [...lines, { kind: 'rest', text: `… ${more} more wait` }] : lines;
}

function placeOf({ under, stepId, index }: ReturnType<typeof waitsOfStep>[number]): string {
  if (under === undefined) return `[${index}]`;
  const element = under.index === undefined ? '' : `[${under.index}] `;
  return `${element}${plain(stepId)}${index === undefined ? '' : `[${index}]`}`;
}

function blocks(view: RunView, step: StepView): Detail[] {
  const isBlocked = step.status === 'blocked' || step.items !== undefined || step.child !== undefined;
  if (!isBlocked) return [];
  const reasons = reasonLines(step.missingReasons).map((line): Detail => ({ kind: 'reason', text: line.trim() }));
  return [...reasons, ...commands((step.missing ?? []).map((skill) => remedy(plain(skill), own(view.permissions, skill))))];
}

/** Children of a step that are paused, but not for an answer: what they need shows with them. */
export function pausedChildren({ child, items }: StepView): ChildSnapshot[] {
  const children = child === undefined ? [...(items?.children.values() ?? [])] : [child];
  return children.filter(({ status, waiting }) => status === 'paused' && waiting === undefined);
}

function paused(step: StepView): Detail[] {
  const [first, ...others] = pausedChildren(step);
  if (first === undefined) return [];
  const rest = others.length === 0 ? '' : ` and ${others.length} more`;
  return [{ kind: 'wait', text: `! run ${plain(first.run_id)}${rest} is paused` }, ...commands([showCommand(first)], '  ')];
}

/** The command that shows a child. */
export function showCommand({ run_id }: Pick<ChildSnapshot, 'run_id'>): string {
  return `distri-workflow runs show ${shellWord(plain(run_id))}`;
}

function retries(items: ItemsView | undefined, now: number): Detail[] {
  const all = [...(items?.retrying ?? [])].sort(([a], [b]) => a - b);
  const lines = all.slice(0, SHOWN).map(([index, retry]): Detail => ({ kind: 'retry', text: `↻ [${index}] ${retryText(retry, now)}` }));
  return all.length > SHOWN ? [...lines, { kind: 'rest', text: `… ${all.length - SHOWN} more are tried again` }] : lines;
}

/** `attempt 2 of 3 in 2.0s: why`. */
export function retryText({ attempt, maxAttempts, dueAt, error }: RetryView, now: number): string {
  const due = dueAt > now ? ` in ${duration(dueAt - now)}` : '';
  return `attempt ${attempt} of ${maxAttempts}${due}: ${plain(error)}`;
}

function commands(texts: readonly string[], indent = ''): Detail[] {
  return texts.map((text) => ({ kind: 'command', text: `${indent}${text}` }));
}
