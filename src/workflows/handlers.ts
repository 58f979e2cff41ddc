import { ApplicationFailure, defineQuery, defineSignal, defineUpdate, log, setDefaultSignalHandler, setHandler, workflowInfo } from '@temporalio/workflow';
import { mostValueBytes } from '../definition/messages.js';
import type { MessageRow } from '../definition/message-table.js';
import { BadArgument, readArgument } from '../definition/read-argument.js';
import { cut, messageOf, wellFormed } from '../definition/text.js';
import { jsonBytes } from './size.js';

const LONGEST_MESSAGE = 10_000;
const LONGEST_NAME = 200;

/** What the Web UI shows of a handler. */
function descriptionOf({ description, internal }: MessageRow): string {
  return internal ? `Internal. ${description}` : description;
}

/** The failure by which an update is refused, with our code as its type. */
export function refusal(code: string, message: string, ...details: unknown[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(cut(wellFormed(message), LONGEST_MESSAGE), code, ...details);
}

/** Nothing that a stranger's message does may fail the workflow task: the message stays in the history, and so would the failure. */
export function hearSignal<A>(name: string, row: MessageRow, act: (argument: A) => void, dropped: (why: string) => void): void {
  setHandler(
    defineSignal<unknown[]>(name),
    (...args) => {
      let argument: A;
      try {
        argument = readArgument<A>(row, args);
      } catch (error) {
        return drop(`The signal '${name}' was dropped: ${messageOf(error)}`, dropped);
      }
      act(argument);
    },
    { description: descriptionOf(row) },
  );
}

/** Signals of other names are dropped, too: without a handler the SDK would keep each of them for ever. */
export function dropOtherSignals(known: readonly string[], dropped: (why: string) => void): void {
  setDefaultSignalHandler((name) => {
    drop(`The signal '${cut(name, LONGEST_NAME)}' was dropped: there is none of that name. There are: ${known.join(', ')}`, dropped);
  });
}

function drop(why: string, dropped: (why: string) => void): void {
  const told = wellFormed(why);
  log.warn(told);
  dropped(told);
}

interface Updating<A> {
  /** Whether the run has taken this very update before: then it counts no second time. */
  readonly isTaken: () => boolean;
  /** Throws when it cannot be. Says more than whether the run stands as it must. */
  readonly check: (argument: A) => void;
  /** Does it; what is not ready for it now may give a promise. */
  readonly act: (argument: A) => null | Promise<null>;
}

/** An update is checked before it is taken, whoever sends it. */
export function hearUpdate<A>(name: string, row: MessageRow, room: UpdateRoom, { isTaken, check, act }: Updating<A>): void {
  setHandler(
    defineUpdate<null, unknown[]>(name),
    (...args) => (isTaken() ? null : act(taken(row, args))),
    {
      description: descriptionOf(row),
      validator: (...args) => {
        if (isTaken()) return;
        try {
          const bytes = room.measure(name, args);
          check(read(name, row, args));
          room.take(bytes);
        } catch (error) {
          throw error instanceof ApplicationFailure ? error : refusal('INTERNAL', `The update '${name}' was refused: ${messageOf(error)}`);
        }
      },
    },
  );
}

function read<A>(name: string, row: MessageRow, args: readonly unknown[]): A {
  try {
    return readArgument<A>(row, args);
  } catch (error) {
    throw error instanceof BadArgument ? refusal('BAD_REQUEST', `The update '${name}' was refused: ${error.message}`) : error;
  }
}

/** The argument of an accepted update, which an earlier version may have accepted as it is. */
function taken<A>(row: MessageRow, args: readonly unknown[]): A {
  try {
    return readArgument<A>(row, args);
  } catch {
    return args[0] as A;
  }
}

export function hearQuery<A, R>(name: string, row: MessageRow, answer: (argument: A) => R): void {
  setHandler(
    defineQuery<R, unknown[]>(name),
    (...args) => {
      try {
        return answer(readArgument<A>(row, args));
      } catch (error) {
        throw new Error(wellFormed(cut(`The query '${name}' failed: ${messageOf(error)}`, LONGEST_MESSAGE)));
      }
    },
    { description: descriptionOf(row) },
  );
}

/**
 * Room for updates: an accepted one is written into the history with the workflow task that took it, and a task that is too
 * large fails, again and again.
 */
export class UpdateRoom {
  #task = -1;
  #taken = 0;

  constructor(private readonly storage: boolean) {}

  /** The size of the arguments; throws when they fit no history, or not beside what this workflow task has taken already. */
  measure(name: string, args: readonly unknown[]): number {
    const bytes = jsonBytes(args);
    const most = mostValueBytes(this.storage);
    if (bytes > most) throw refusal('INPUT_TOO_LARGE', `The update '${name}' has ${bytes} bytes; at most ${most} fit`);
    const { historyLength } = workflowInfo();
    if (historyLength !== this.#task) [this.#task, this.#taken] = [historyLength, 0];
    if (this.#taken > 0 && this.#taken + bytes > most) {
      throw refusal('OVERLOADED', `The update '${name}' does not fit beside the others that came at the same moment; send it again`);
    }
    return bytes;
  }

  take(bytes: number): void {
    this.#taken += bytes;
  }
}
