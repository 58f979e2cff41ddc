import { currentUpdateInfo, type ApplicationFailure } from '@temporalio/workflow';
import { RUN_MESSAGES, type MessageRow } from '../definition/message-table.js';
import type { Answer, ChildEnded, ChildReport, ConnectionsChanged, Migrate, RetryStep, SkipStep } from '../definition/messages.js';
import { activationBringsMore } from './activation.js';
import { answerRefusal, notWaiting } from './answer.js';
import type { Bell } from './bell.js';
import { childChanged } from './child.js';
import type { ChildRuns } from './children.js';
import type { TaskClock } from './clock.js';
import { dropOtherSignals, hearQuery, hearSignal, hearUpdate, refusal, UpdateRoom } from './handlers.js';
import type { Inbox } from './inbox.js';
import type { RunMachine } from './machine.js';
import { checkMigration } from './migrate.js';
import { contextOf, eventsAfter, snapshotOf, type RunIdentity } from './observe.js';
import type { ParentLink } from './parent-link.js';
import { heldUnits, isSkippable, pause, resume, retry, skip } from './steer.js';
import type { Undecided } from './undecided.js';

interface Hearing {
  readonly inbox: Inbox;
  readonly bell: Bell;
  readonly clock: TaskClock;
  readonly children: ChildRuns;
  readonly parent: ParentLink;
  readonly undecided: Undecided;
  /** Whether large payloads are stored outside the history. */
  readonly storage: boolean;
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
  /** Why the run cannot take it as it stands; undefined: it can. */
  readonly notNow?: (argument: Argument) => ApplicationFailure | undefined;
  /** Whether the run may stand otherwise once it has learned what comes with this message. */
  readonly mayChange?: (argument: Argument) => boolean;
  /** What is wrong with it though the run can take such a one. */
  readonly wrong?: (argument: Argument) => ApplicationFailure | undefined;
}

const addressOf = ({ step_id, index }: Addressed): string => JSON.stringify([step_id, index ?? null]);
const sayAddress = ({ step_id, index }: Addressed): string => (index === undefined ? `Step '${step_id}'` : `Element ${index} of step '${step_id}'`);

/**
 * Lets the run be asked and told, by anybody: see the guards of handlers.ts. Updates are decided at once, so that none is under
 * way when the run ends; but for those that come with news which decide them, and those are decided with the run's next turn.
 */
export function handleMessages(
  machine: RunMachine,
  identity: RunIdentity,
  { inbox, bell, clock, children, parent, undecided, storage }: Hearing,
): void {
  const told = (act: () => void, address?: string): void =>
    inbox.take(() => {
      machine.now = clock.now();
      act();
      bell.ring();
    }, address);
  // It needs no turn of the run: what is dropped changes nothing.
  const dropped = (why: string): void =>
    inbox.take(() => {
      machine.now = clock.now();
      machine.warnOfMessage(why);
    });
  const hear = <Argument>(name: keyof typeof RUN_MESSAGES, heard: Heard<Argument>): void => {
    const { act, address, notNow, mayChange, wrong } = heard;
    const take = (argument: Argument, id: string | undefined): null => {
      told(() => act(argument), address?.(argument));
      machine.taken.add(id);
      return null;
    };
    hearUpdate<Argument>(name, RUN_MESSAGES[name], room, {
      // What an earlier execution of the run has taken counts no second time, and is not refused either.
      isTaken: () => machine.taken.has(currentUpdateInfo()?.id),
      check: (argument) => {
        const early = notNow?.(argument);
        if (early && activationBringsMore() && mayChange?.(argument)) return;
        const why = early ?? wrong?.(argument);
        if (why) throw why;
      },
      act: (argument) => {
        const id = currentUpdateInfo()?.id;
        if (notNow?.(argument) === undefined) return take(argument, id);
        bell.ring();
        return undecided.add(() => {
          const why = notNow(argument) ?? wrong?.(argument);
          if (why) throw why;
          return take(argument, id);
        });
      },
    });
  };
  const signal = <Argument>(name: keyof typeof RUN_MESSAGES, act: (argument: Argument) => string | undefined): void =>
    hearSignal<Argument>(
      name,
      RUN_MESSAGES[name],
      (argument) => {
        const why = act(argument);
        if (why !== undefined) dropped(`The signal '${name}' was dropped: ${why}`);
      },
      dropped,
    );
  const room = new UpdateRoom(storage);
  const free = (about: Addressed): boolean => !inbox.holds(addressOf(about));
  const isOpen = ({ step_id }: Addressed): boolean => {
    const unit = machine.step(step_id);
    return unit !== undefined && !machine.isSettled(unit.index);
  };
  const ofChild = (runId: string, act: () => void): string | undefined => {
    if (!children.knows(runId)) return `'${runId}' is no child of this run`;
    told(act);
    return undefined;
  };
  const ofParent = ({ run_id }: { run_id?: string }, act: () => void): string | undefined => {
    if (identity.parentRunId === undefined) return 'this run has no parent';
    if (run_id !== undefined && run_id !== identity.parentRunId) return `its parent is '${identity.parentRunId}', not '${run_id}'`;
    act();
    return undefined;
  };

  signal<Partial<ConnectionsChanged>>('connectionsChanged', ({ skills }) => {
    told(() => machine.recheck(skills && new Set(skills)));
    return undefined;
  });
  signal<ChildReport>('childChanged', (report) => ofChild(report.run_id, () => childChanged(machine, report)));
  signal<ChildEnded>('childEnded', (end) => ofChild(end.run_id, () => children.told(end)));
  signal<{ run_id?: string }>('adopted', (from) =>
    ofParent(from, () => {
      parent.adopted = true;
    }),
  );
  signal<{ run_id?: string }>('parentPaused', (from) => ofParent(from, () => told(() => pause(machine, 'parent'))));
  signal<{ run_id?: string }>('parentResumed', (from) => ofParent(from, () => told(() => resume(machine, 'parent'))));
  hear<Answer>('answer', {
    act: (answer) => machine.answer(answer.step_id, answer.value, answer.index),
    address: addressOf,
    notNow: (answer) => (free(answer) && machine.waitingStep(answer.step_id, answer.index) ? undefined : notWaiting(answer)),
    mayChange: isOpen,
    wrong: (answer) => answerRefusal(machine.waitingStep(answer.step_id, answer.index)?.schema, answer.value),
  });
  hear('pause', { act: () => pause(machine) });
  hear('resume', { act: () => resume(machine) });
  hear<RetryStep>('retryStep', {
    act: (step) => retry(machine, step.step_id, step.index),
    address: addressOf,
    notNow: (step) => {
      if (free(step) && heldUnits(machine, step.step_id, step.index).length > 0) return undefined;
      return refusal('STEP_NOT_HELD', `The run does not hold for ${sayAddress(step).replace(/^[SE]/, (first) => first.toLowerCase())}`);
    },
    mayChange: isOpen,
  });
  hear<SkipStep>('skipStep', {
    act: (step) => skip(machine, step.step_id, step.result, step.index),
    address: addressOf,
    notNow: (step) => {
      if (free(step) && isSkippable(machine, step.step_id, step.index)) return undefined;
      return refusal('STEP_NOT_SKIPPABLE', `${sayAddress(step)} does not exist, runs, or has ended`);
    },
    mayChange: isOpen,
  });
  hear<Migrate>('migrate', {
    act: (migrate) => {
      machine.migration = migrate;
    },
    wrong: (migrate) => checkMigration(machine, migrate),
  });
  const query = <A, R>(name: keyof typeof RUN_MESSAGES, answer: (argument: A) => R): void => hearQuery<A, R>(name, RUN_MESSAGES[name], answer);
  query('snapshot', () => snapshotOf(machine, identity));
  query('context', () => contextOf(machine));
  query<number, ReturnType<typeof eventsAfter>>('events', (after) => eventsAfter(machine, after));
  const signals = Object.entries<MessageRow>(RUN_MESSAGES).filter(([, { kind, internal }]) => kind === 'signal' && !internal);
  dropOtherSignals(signals.map(([name]) => name), dropped);
}
