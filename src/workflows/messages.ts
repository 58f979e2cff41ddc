import { ApplicationFailure, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import type { JsonObject } from '../definition/json.js';
import {
  QUERIES,
  SIGNALS,
  UPDATES,
  type Answer,
  type ConnectionsChanged,
  type EventsPage,
  type Migrate,
  type RetryStep,
  type SkipStep,
} from '../definition/messages.js';
import type { RunSnapshot } from '../definition/snapshot.js';
import { wellFormed } from '../definition/text.js';
import { checkAnswer } from './answer.js';
import type { Bell } from './bell.js';
import type { TaskClock } from './clock.js';
import type { Inbox } from './inbox.js';
import type { RunMachine } from './machine.js';
import { checkMigration } from './migrate.js';
import { eventsAfter, snapshotOf, type RunIdentity } from './observe.js';

interface Hearing {
  readonly inbox: Inbox;
  readonly bell: Bell;
  readonly clock: TaskClock;
}

/** Lets the run be asked and told; all handlers are synchronous, so that none is under way when the run ends. */
export function handleMessages(machine: RunMachine, identity: RunIdentity, { inbox, bell, clock }: Hearing): void {
  const told = (act: () => void, stepId?: string): null => {
    inbox.take(() => {
      machine.now = clock.now();
      act();
      bell.ring();
    }, stepId);
    return null;
  };
  const free = (stepId: string): boolean => !inbox.holds(stepId);
  setHandler(defineSignal<[ConnectionsChanged]>(SIGNALS.connectionsChanged), ({ skills }) => {
    told(() => machine.recheck(new Set(skills)));
  });
  setHandler(
    defineUpdate<null, [Answer]>(UPDATES.answer),
    ({ step_id, value }) => told(() => machine.answer(step_id, value), step_id),
    { validator: (answer: Answer) => checkAnswer(free(answer.step_id) ? machine.waitingStep(answer.step_id) : undefined, answer) },
  );
  setHandler(defineUpdate<null>(UPDATES.pause), () => told(() => machine.pause()));
  setHandler(defineUpdate<null>(UPDATES.resume), () => told(() => machine.resume()));
  setHandler(
    defineUpdate<null, [RetryStep]>(UPDATES.retryStep),
    ({ step_id }) => told(() => machine.retry(step_id), step_id),
    {
      validator: ({ step_id }: RetryStep) => {
        if (!free(step_id) || !machine.isHeld(step_id)) throw refused('STEP_NOT_HELD', `The run does not hold for step '${step_id}'`);
      },
    },
  );
  setHandler(
    defineUpdate<null, [SkipStep]>(UPDATES.skipStep),
    ({ step_id, result }) => told(() => machine.skip(step_id, result), step_id),
    {
      validator: ({ step_id }: SkipStep) => {
        if (!free(step_id) || !machine.isSkippable(step_id)) {
          throw refused('STEP_NOT_SKIPPABLE', `Step '${step_id}' does not exist, runs, or has ended`);
        }
      },
    },
  );
  setHandler(
    defineUpdate<null, [Migrate]>(UPDATES.migrate),
    (migrate) =>
      told(() => {
        machine.migration = migrate;
      }),
    { validator: (migrate: Migrate) => checkMigration(machine, migrate) },
  );
  setHandler(defineQuery<RunSnapshot>(QUERIES.snapshot), () => snapshotOf(machine, identity));
  setHandler(defineQuery<JsonObject>(QUERIES.context), () => machine.context());
  setHandler(defineQuery<EventsPage, [number]>(QUERIES.events), (after) => eventsAfter(machine, after));
}

function refused(code: string, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(wellFormed(message), code);
}
