import { ApplicationFailure, currentUpdateInfo, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import type { JsonObject } from '../definition/json.js';
import {
  QUERIES,
  SIGNALS,
  UPDATES,
  type Answer,
  type ChildEnded,
  type ChildReport,
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
import { childChanged } from './child.js';
import type { ChildRuns } from './children.js';
import type { TaskClock } from './clock.js';
import type { Inbox } from './inbox.js';
import type { RunMachine } from './machine.js';
import { checkMigration } from './migrate.js';
import { eventsAfter, snapshotOf, type RunIdentity } from './observe.js';
import type { ParentLink } from './parent-link.js';
import { heldUnits, isSkippable, pause, resume, retry, skip } from './steer.js';

interface Hearing {
  readonly inbox: Inbox;
  readonly bell: Bell;
  readonly clock: TaskClock;
  readonly children: ChildRuns;
  readonly parent: ParentLink;
}

/** What a message is about: a step, or an element of its fan-out. */
interface Addressed {
  step_id: string;
  index?: number;
}

interface Heard<Argument> {
  readonly act: (argument: Argument) => void;
  /** What it is about. */
  readonly address?: (argument: Argument) => string;
  /** Throws when it cannot be. */
  readonly check?: (argument: Argument) => void;
}

const addressOf = ({ step_id, index }: Addressed): string => JSON.stringify([step_id, index ?? null]);
const sayAddress = ({ step_id, index }: Addressed): string => (index === undefined ? `Step '${step_id}'` : `Element ${index} of step '${step_id}'`);

/** Lets the run be asked and told; all handlers are synchronous, so that none is under way when the run ends. */
export function handleMessages(machine: RunMachine, identity: RunIdentity, { inbox, bell, clock, children, parent }: Hearing): void {
  const told = (act: () => void, address?: string): void =>
    inbox.take(() => {
      machine.now = clock.now();
      act();
      bell.ring();
    }, address);
  // What an earlier execution of the run has taken counts no second time, and is not refused either.
  const isTaken = (): boolean => machine.taken.has(currentUpdateInfo()?.id);
  const hear = <Argument>(name: string, { act, address, check }: Heard<Argument>): void =>
    setHandler(
      defineUpdate<null, [Argument]>(name),
      (argument) => {
        if (!isTaken()) told(() => act(argument), address?.(argument));
        machine.taken.add(currentUpdateInfo()?.id);
        return null;
      },
      { validator: (argument: Argument) => (isTaken() ? undefined : check?.(argument)) },
    );
  const free = (about: Addressed): boolean => !inbox.holds(addressOf(about));
  setHandler(defineSignal<[ConnectionsChanged]>(SIGNALS.connectionsChanged), ({ skills }) => {
    told(() => machine.recheck(new Set(skills)));
  });
  setHandler(defineSignal<[ChildReport]>(SIGNALS.childChanged), (report) => void told(() => childChanged(machine, report)));
  setHandler(defineSignal<[ChildEnded]>(SIGNALS.childEnded), (end) => void told(() => children.told(end)));
  setHandler(defineSignal(SIGNALS.adopted), () => {
    parent.adopted = true;
  });
  setHandler(defineSignal(SIGNALS.parentPaused), () => void told(() => pause(machine, 'parent')));
  setHandler(defineSignal(SIGNALS.parentResumed), () => void told(() => resume(machine, 'parent')));
  hear<Answer>(UPDATES.answer, {
    act: (answer) => machine.answer(answer.step_id, answer.value, answer.index),
    address: addressOf,
    check: (answer) => checkAnswer(free(answer) ? machine.waitingStep(answer.step_id, answer.index) : undefined, answer),
  });
  hear(UPDATES.pause, { act: () => pause(machine) });
  hear(UPDATES.resume, { act: () => resume(machine) });
  hear<RetryStep>(UPDATES.retryStep, {
    act: (step) => retry(machine, step.step_id, step.index),
    address: addressOf,
    check: (step) => {
      if (free(step) && heldUnits(machine, step.step_id, step.index).length > 0) return;
      throw refused('STEP_NOT_HELD', `The run does not hold for ${sayAddress(step).replace(/^[SE]/, (first) => first.toLowerCase())}`);
    },
  });
  hear<SkipStep>(UPDATES.skipStep, {
    act: (step) => skip(machine, step.step_id, step.result, step.index),
    address: addressOf,
    check: (step) => {
      if (free(step) && isSkippable(machine, step.step_id, step.index)) return;
      throw refused('STEP_NOT_SKIPPABLE', `${sayAddress(step)} does not exist, runs, or has ended`);
    },
  });
  hear<Migrate>(UPDATES.migrate, {
    act: (migrate) => {
      machine.migration = migrate;
    },
    check: (migrate) => checkMigration(machine, migrate),
  });
  setHandler(defineQuery<RunSnapshot>(QUERIES.snapshot), () => snapshotOf(machine, identity));
  setHandler(defineQuery<JsonObject>(QUERIES.context), () => machine.context());
  setHandler(defineQuery<EventsPage, [number]>(QUERIES.events), (after) => eventsAfter(machine, after));
}

function refused(code: string, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(wellFormed(message), code);
}
