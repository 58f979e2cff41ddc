import { patched, workflowInfo } from '@temporalio/workflow';
import type { JsonObject } from '../definition/json.js';
import { mostValueBytes, type Migrate, type RunInput } from '../definition/messages.js';
import { carry } from './carry.js';
import { KEPT_EVENTS } from './log.js';
import { SAVES_IN_LINE } from './checkpoints.js';
import type { RunMachine } from './machine.js';
import { migrationInput } from './migrate.js';
import { jsonBytes } from './size.js';

/** From here on a run starts nothing more until it can continue as new. */
const DRAIN_EVENTS = 20_000;
const DRAIN_BYTES = 20_000_000;
/** Entries of its log that a run takes along: fewer when all that it keeps do not fit. */
const CARRIED_EVENTS = [KEPT_EVENTS, 1_000];

/** Decides when a run continues as new: when Temporal suggests it, at the next moment with no activity in flight. */
export class Continuation {
  #tooLarge = false;

  constructor(
    private readonly machine: RunMachine,
    private readonly input: RunInput,
  ) {}

  /** The input of the next execution, when it is time for it. `settled`: no message and no checkpoint is on its way. */
  due(settled: boolean): RunInput | undefined {
    if (settled && this.machine.migration && this.machine.idle) return this.#migrate(this.machine.migration);
    const { historyLength, historySize, continueAsNewSuggested } = workflowInfo();
    const limit = this.input.continue_after_events;
    const wanted = continueAsNewSuggested || (limit !== undefined && historyLength >= limit);
    if (!wanted || this.#tooLarge) return undefined;
    const full = historyLength >= DRAIN_EVENTS || historySize >= DRAIN_BYTES;
    // Runs that got here before 0.2.0 made all their checkpoints in one execution, and started steps for as long as those took.
    if (this.machine.over && !(full && this.machine.unsaved.size > 0 && patched(SAVES_IN_LINE))) return undefined;
    if (settled || (full && !this.machine.draining && patched('drain-unsettled'))) this.machine.draining = full;
    // The next execution would set the timer anew, and messages could have it continue as new before that fires, again and again.
    if (!settled || !this.machine.idle || this.machine.isOverdue) return undefined;
    const { seed: _seed, ...input } = this.input;
    for (const events of CARRIED_EVENTS) {
      const next = { ...input, carried: carry(this.machine, events) as unknown as JsonObject };
      if (this.#fits(next)) return next;
    }
    this.#tooLarge = true;
    this.machine.draining = false;
    // What was held back begins: with nothing in flight nothing else would let it.
    this.machine.advance();
    return undefined;
  }

  #fits(next: RunInput): boolean {
    return jsonBytes(next) <= mostValueBytes(this.input.storage === true);
  }

  /** What ended since the migration was accepted may stand against it: then the run goes on as it was, and says so. */
  #migrate(migration: Migrate): RunInput | undefined {
    const { machine } = this;
    let why = 'The state of the run is too large to be carried over.';
    for (const events of CARRIED_EVENTS) {
      const next = migrationInput(machine, this.input, migration, events);
      if (typeof next === 'string') why = next;
      else if (this.#fits(next)) return next;
    }
    machine.migration = undefined;
    machine.warn({ code: 'MIGRATION_GIVEN_UP', message: `The run was not moved to another definition. ${why}` });
    machine.advance();
    return undefined;
  }
}
