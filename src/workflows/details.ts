import { wellFormed } from '../definition/text.js';
import type { RunMachine } from './machine.js';
import { labelOf } from './observe.js';

const ROWS = 50;

/** Rows of steps that are done and so do not change, by index; a chain shows each of them 50 times. */
const doneRows = new WeakMap<RunMachine, Map<number, string>>();

/**
 * Markdown for the Temporal Web UI: counts, and at most 50 rows of the steps that matter most. The Web UI knows CommonMark
 * only, in which a table would be one long line: hence a list.
 */
export function currentDetails(machine: RunMachine): string {
  const { counts, running, waiting, blocked, steps } = machine;
  const rows: string[] = [];
  const add = (index: number): void => {
    if (rows.length < ROWS) rows.push(row(machine, index));
  };
  if (counts.failed > 0) for (const index of machine.finished) if (steps[index]?.status === 'failed') add(index);
  for (const set of [blocked, waiting, running]) for (const index of set) if (rows.length < ROWS) add(index);
  for (let at = machine.finished.length - 1; at >= 0 && rows.length < ROWS; at -= 1) {
    const index = machine.finished[at] as number;
    if (steps[index]?.status === 'done') rows.push(doneRow(machine, index));
  }
  const parts = [`**${machine.status}**`, `${counts.done} of ${steps.length} done`];
  if (counts.skipped > 0) parts.push(`${counts.skipped} skipped`);
  if (counts.failed > 0) parts.push(`${counts.failed} failed`);
  if (running.size > 0) parts.push(`${running.size} running`);
  if (waiting.size > 0) parts.push(`${waiting.size} waiting for input`);
  if (blocked.size > 0) parts.push(`${blocked.size} blocked`);
  return rows.length > 0 ? `${parts.join(' · ')}\n\n${rows.join('\n')}` : parts.join(' · ');
}

function doneRow(machine: RunMachine, index: number): string {
  let known = doneRows.get(machine);
  if (!known || known.size > 2 * ROWS) doneRows.set(machine, (known = new Map<number, string>()));
  let text = known.get(index);
  if (text === undefined) known.set(index, (text = row(machine, index)));
  return text;
}

function row(machine: RunMachine, index: number): string {
  const state = machine.steps[index];
  const note = state?.error ?? (state?.status === 'waiting_for_input' ? state.message : undefined) ?? '';
  const told = note === '' ? '' : ` — ${plain(note, 200)}`;
  return `- ${state?.status.replaceAll('_', ' ')} · **${plain(labelOf(machine, index), 80)}**${told}`;
}

/** Text that Markdown shows as it is, on one line. */
function plain(text: string, length: number): string {
  return wellFormed(text.slice(0, length)).replace(/[\\`<>*_[\]&]/g, '\\$&').replace(/\s+/g, ' ').trim();
}
