import { upsertSearchAttributes } from '@temporalio/workflow';
import { attributeKeys } from '../definition/attributes.js';
import { keyword } from '../definition/text.js';
import type { RunMachine } from './machine.js';

/** Keeps the run's search attributes true; each change costs one event, so only changes are written. */
export class SearchAttributes {
  #status = 'running';
  #missing = '';

  /** `unsure`: an execution before this one may have left other values. */
  constructor(
    private readonly mayUpsert: boolean,
    unsure: boolean,
  ) {
    if (unsure) this.#status = this.#missing = 'unknown';
  }

  /** Whether showing them would write something. */
  differ(machine: RunMachine): boolean {
    if (!this.mayUpsert) return false;
    return machine.status !== this.#status || missingSkills(machine).join(' ') !== this.#missing;
  }

  show(machine: RunMachine): void {
    if (!this.differ(machine)) return;
    const { status } = machine;
    const skills = missingSkills(machine);
    const missing = skills.join(' ');
    upsertSearchAttributes([
      { key: attributeKeys.status, value: status },
      ...(missing === this.#missing ? [] : [{ key: attributeKeys.missing, value: skills.length > 0 ? skills : null }]),
    ]);
    this.#status = status;
    this.#missing = missing;
  }
}

function missingSkills(machine: RunMachine): string[] {
  return machine.missing().map(keyword);
}
