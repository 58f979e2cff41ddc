import { own } from '../../definition/json.js';
import type { RunEvent } from '../../definition/snapshot.js';
import { holdCommands } from './hold.js';
import { remedy } from './remedy.js';
import type { RunView } from './run-view.js';
import { duration, moment, plain, shellWord } from './text.js';

/** The lines that a log of the run gets for an event that is in the view already; most of one line, some of none. */
export function eventLines(view: RunView, event: RunEvent): string[] {
  switch (event.event) {
    case 'step_started':
      return [`▸ ${name(event)}`];
    case 'step_completed':
      return [`✓ ${name(event)}${took(view, event.step_id)}`];
    case 'step_failed':
      return [
        `✗ ${name(event)}: ${plain(event.error)}`,
        ...(event.held === true ? holdCommands(view.runId, event.step_id).map((command) => `    ${command}`) : []),
      ];
    case 'step_skipped':
      return [`↷ ${name(event)} skipped`];
    case 'step_waiting':
      return [`? ${name(event)} waits for an answer${until(event)}: ${plain(event.message)}`];
    case 'step_blocked':
      return [
        `! ${name(event)} is blocked, missing: ${event.missing.map(plain).join(', ')}`,
        ...event.missing.map((skill) => `    ${remedy(plain(skill), own(view.permissions, skill))}`),
      ];
    case 'step_unblocked':
      return [`▸ ${name(event)} is no longer blocked`];
    case 'step_retrying':
      return [
        `↻ ${plain(event.step_id)}: attempt ${event.attempt} of ${event.max_attempts} ` +
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
        `✗ ${name(event)} [${event.index}]: ${plain(event.error)}`,
        ...(event.held === true ? holdCommands(view.runId, `${event.step_id}[${event.index}]`).map((command) => `    ${command}`) : []),
      ];
    case 'step_child':
      return [`▸ ${name(event)}: run ${plain(event.child_run_id)} is ${event.child_status}`];
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

function name(event: { step_id: string; step_label: string }): string {
  const label = plain(event.step_label);
  return label === event.step_id ? label : `${label} (${plain(event.step_id)})`;
}

function until({ until: end }: { until?: string }): string {
  return end === undefined ? '' : ` until ${moment(Date.parse(end))}`;
}

function took(view: RunView, stepId: string): string {
  const step = own(view.steps, stepId);
  if (step?.startedAt === undefined || step.completedAt === undefined) return '';
  const attempts = step.attempts > 1 ? ` after ${step.attempts} attempts` : '';
  return ` ${duration(step.completedAt - step.startedAt)}${attempts}`;
}
