import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { keyword } from '../definition/text.js';
import type { RunMachine } from './machine.js';

const STATUS = defineSearchAttributeKey('DistriStatus', 'KEYWORD');
const MISSING = defineSearchAttributeKey('DistriMissingSkills', 'KEYWORD_LIST');

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

  show(machine: RunMachine): void {
    const { status } = machine;
    const skills = machine.missing().map(keyword);
    const missing = skills.join(' ');
    if (!this.mayUpsert || (status === this.#status && missing === this.#missing)) return;
    upsertSearchAttributes([
      { key: STATUS, value: status },
      ...(missing === this.#missing ? [] : [{ key: MISSING, value: skills.length > 0 ? skills : null }]),
    ]);
    this.#status = status;
    this.#missing = missing;
  }
}
