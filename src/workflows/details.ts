import { wellFormed } from '../definition/text.js';
import type { RunMachine } from './machine.js';
import { itemsOf, statusOf } from './items.js';
import { labelOf } from './observe.js';
import type { Unit } from './unit.js';

const ROWS = 50;

/** Rows of steps that are done and so do not change, by index; a chain shows each of them 50 times. */
const doneRows = new WeakMap<RunMachine, Map<number, string>>();

/** Markdown for the Temporal Web UI: counts, and at most 50 rows of the steps that matter most. */
export function currentDetails(machine: RunMachine): string {
  const { counts, running, waiting, blocked, steps } = machine;
  const rows: string[] = [];
  const shown = new Set<number>();
  const add = (index: number): void => {
    const step = machine.unit(index)?.step.index ?? index;
    if (rows.length >= ROWS || shown.has(step)) return;
    shown.add(step);
    rows.push(row(machine, step));
  };
  if (counts.failed > 0) for (const index of machine.finished) if (steps[index]?.status === 'failed') add(index);
  for (const set of [blocked, waiting, machine.fans.keys(), childSteps(machine), running]) for (const index of set) if (rows.length < ROWS) add(index);
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
  const table = rows.length > 0 ? `\n\n| step | status | |\n| --- | --- | --- |\n${rows.join('\n')}` : '';
  return parts.join(' · ') + table;
}

function* childSteps(machine: RunMachine): Generator<number> {
  for (const unit of machine.children.values()) yield unit.index;
}

function doneRow(machine: RunMachine, index: number): string {
  let known = doneRows.get(machine);
  if (!known || known.size > 2 * ROWS) doneRows.set(machine, (known = new Map<number, string>()));
  let text = known.get(index);
  if (text === undefined) known.set(index, (text = row(machine, index)));
  return text;
}

function row(machine: RunMachine, index: number): string {
  const unit = machine.units[index];
  if (!unit) return '';
  return `| ${cell(labelOf(machine, index), 80)} | ${statusOf(machine, unit)} | ${cell(noteOf(machine, unit), 200)} |`;
}

function noteOf(machine: RunMachine, unit: Unit): string {
  const { error, status, message, child } = unit.state;
  const items = itemsOf(machine, unit);
  if (items) return `${items.done + items.failed}/${items.total}${items.failed > 0 ? `, ${items.failed} failed` : ''}${error === undefined ? '' : `: ${error}`}`;
  return error ?? (status === 'waiting_for_input' ? message : undefined) ?? (child && !machine.isSettled(unit.index) ? `run ${child.run_id}` : '');
}

function cell(text: string, length: number): string {
  return wellFormed(text.slice(0, length)).replace(/[|\\`<>*_]/g, '\\$&').replace(/\s+/g, ' ');
}
