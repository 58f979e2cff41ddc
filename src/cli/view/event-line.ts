import { own } from '../../definition/json.js';
import type { RunEvent } from '../../definition/snapshot.js';
import { writeAddress } from '../address.js';
import { showCommand } from './details.js';
import { holdCommands } from './hold.js';
import { progressOf } from './notes.js';
import { reasonLines, remedy } from './remedy.js';
import type { RunView } from './run-view.js';
import { duration, moment, plain, shellWord } from './text.js';
import { answerCommand } from './waits.js';

/** The lines that a log of the run gets for an event that is in the view already; most of one line, some of none. */
export function eventLines(view: RunView, event: RunEvent): string[] {
  switch (event.event) {
    case 'step_started':
      return [`▸ ${name(event)}`];
    case 'step_completed':
      return [`✓ ${name(event)}${counted(view, event.step_id)}${took(view, event.step_id)}`];
    case 'step_failed':
      return [
        `✗ ${name(event)}: ${plain(event.error)}`,
        ...(event.held === true ? indented(holdCommands(view.runId, { stepId: event.step_id })) : []),
      ];
    case 'step_skipped':
      return [`↷ ${name(event)} skipped`];
    case 'step_waiting':
      return [`? ${name(event)} waits for an answer${until(event)}: ${plain(event.message)}`, ...answering(view, event)];
    case 'step_blocked':
      return [
        `! ${name(event)} is blocked, missing: ${event.missing.map(plain).join(', ')}`,
        ...reasonLines(event.missing_reasons),
        ...event.missing.map((skill) => `    ${remedy(plain(skill), own(view.permissions, skill))}`),
      ];
    case 'step_unblocked':
      return [`▸ ${name(event)} is no longer blocked`];
    case 'step_retrying':
      return [
        `↻ ${plain(event.step_id)}${element(event)}: attempt ${event.attempt} of ${event.max_attempts} ` +
          `in ${duration(event.next_in_secs * 1000)}: ${plain(event.error)}`,
      ];
    case 'run_warning':
      return [`warning ${event.code}: ${plain(event.message)}`];
    case 'step_delayed':
      return [`◷ ${name(event)} is delayed${until(event)}`];
    case 'step_retried':
      return [`▸ ${name(event)} is run again`];
    case 'step_progress':
      return [`▸ ${name(event)} ${event.done + event.failed}/${event.total}${event.failed > 0 ? `, ${event.failed} failed` : ''}`];
    case 'step_item_failed':
      return [
        `✗ ${name(event)}: ${plain(event.error)}`,
        ...(event.held === true ? indented(holdCommands(view.runId, { stepId: event.step_id, index: event.index })) : []),
      ];
    case 'step_child':
      return childLines(view, event);
    case 'run_paused':
      return [pauseLine(view, event.by)];
    case 'run_resumed':
      return ['The run goes on'];
    case 'run_migrated':
      return [`The run was moved to the definition ${event.to_hash.slice(0, 12)}`];
    case 'workflow_started':
    case 'workflow_completed':
    case 'workflow_paused':
    case 'run_blocked':
    case 'snapshot':
      return [];
  }
}

function pauseLine(view: RunView, by: 'user' | 'failure' | 'parent'): string {
  switch (by) {
    case 'user':
      return `The run is paused; to go on: distri-workflow runs resume ${shellWord(plain(view.runId))}`;
    case 'failure':
      return 'The run holds for its failed step: retry it, skip it, or give it up';
    case 'parent':
      return 'The run is paused because the run that it is a part of is';
  }
}

function name(event: { step_id: string; step_label: string; index?: number }): string {
  const label = plain(event.step_label);
  const step = label === event.step_id ? label : `${label} (${plain(event.step_id)})`;
  return `${step}${element(event)}`;
}

function element({ index }: { index?: number }): string {
  return index === undefined ? '' : ` [${index}]`;
}

function indented(commands: readonly string[]): string[] {
  return commands.map((command) => `    ${command}`);
}

/** Elements are asked for one by one: the command names which. */
function answering(view: RunView, { step_id: stepId, index, message, schema }: Extract<RunEvent, { event: 'step_waiting' }>): string[] {
  return index === undefined ? [] : indented([answerCommand({ runId: view.runId, stepId, index, title: '', message, schema })]);
}

function childLines(view: RunView, event: Extract<RunEvent, { event: 'step_child' }>): string[] {
  const { child_run_id: runId, child_status: status, missing = [], waiting = [] } = event;
  const child = `${name(event)}: run ${plain(runId)}`;
  const remedies = missing.map((skill) => remedy(plain(skill), own(view.permissions, skill)));
  if (status === 'running') return [`▸ ${child} goes on`];
  if (status === 'blocked') return [`! ${child} is blocked, missing: ${missing.map(plain).join(', ')}`, ...indented(remedies)];
  if (waiting.length === 0) return [`! ${child} is paused`, ...indented([showCommand({ run_id: runId })])];
  return waiting.flatMap(({ run_id, step_id: stepId, index, message, schema }) => [
    `? ${child} waits for an answer to ${plain(writeAddress({ stepId, index }))}: ${plain(message)}`,
    ...indented([answerCommand({ runId: run_id, stepId, index, title: '', message, schema })]),
  ]);
}

function until({ until: end }: { until?: string }): string {
  return end === undefined ? '' : ` until ${moment(Date.parse(end))}`;
}

function counted(view: RunView, stepId: string): string {
  const progress = progressOf(own(view.steps, stepId)?.items);
  return progress === '' ? '' : ` ${progress}`;
}

function took(view: RunView, stepId: string): string {
  const step = own(view.steps, stepId);
  if (step?.startedAt === undefined || step.completedAt === undefined) return '';
  const attempts = step.attempts > 1 && step.items === undefined ? ` after ${step.attempts} attempts` : '';
  return ` ${duration(step.completedAt - step.startedAt)}${attempts}`;
}
