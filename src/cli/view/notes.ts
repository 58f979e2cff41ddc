import { retryText } from './details.js';
import { waitingCount, type ItemsView } from './items-view.js';
import type { StepView } from './run-view.js';
import { duration, moment, plain } from './text.js';

/** Time, attempts, progress and reason of a step, as plain text on one line. */
export function noteOf(step: StepView, now: number): string {
  const elapsed = step.startedAt === undefined ? '' : duration((step.completedAt ?? now) - step.startedAt);
  const attempts = step.attempts > 1 && step.items === undefined ? `after ${step.attempts} attempts` : '';
  const error = plain(step.error ?? '');
  switch (step.status) {
    case 'pending':
      return '';
    case 'skipped':
      return 'skipped';
    case 'done':
      return join([elapsed, attempts].filter(Boolean).join(' '), progressOf(step.items), childNote(step));
    case 'running':
      return join(elapsed, progressOf(step.items), childNote(step), delayNote(step, now), step.retry === undefined ? '' : retryText(step.retry, now));
    case 'failed':
      return join(elapsed, progressOf(step.items), attempts, step.held === true ? 'the run holds for it' : '', childNote(step), error);
    case 'waiting_for_input':
      return waitNote(step, elapsed, now);
    case 'blocked':
      return join(progressOf(step.items), `blocked, missing: ${(step.missing ?? []).map(plain).join(', ')}`, childNote(step));
  }
}

function join(...parts: string[]): string {
  return parts.filter(Boolean).join('  ');
}

function waitNote(step: StepView, elapsed: string, now: number): string {
  if (step.items !== undefined) return join(elapsed, progressOf(step.items));
  if (step.child !== undefined) return join(elapsed, childNote(step));
  return `waits for an answer${step.until === undefined ? '' : ` ${delayNote(step, now)}`}: ${plain(step.message ?? '')}`;
}

/** `37/200, 3 failed, 2 wait`. */
export function progressOf(items: ItemsView | undefined): string {
  if (items === undefined) return '';
  const { total, done, failed } = items;
  const waiting = waitingCount(items);
  return [
    ...(total === undefined ? [] : [`${done + failed}/${total}`]),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? 'waits' : 'wait'} for an answer`] : []),
  ].join(', ');
}

function childNote({ child, status }: StepView): string {
  if (child === undefined) return '';
  const settled = status === 'done' || status === 'failed' || child.status === 'running';
  const state = settled ? '' : child.waiting === undefined ? ` is ${child.status}` : ' waits for an answer';
  return `run ${plain(child.run_id)}${state}`;
}

function delayNote({ until }: StepView, now: number): string {
  return until === undefined ? '' : `until ${moment(until)} (${duration(until - now)})`;
}
