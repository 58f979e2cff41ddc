import { isEnded } from '../../definition/snapshot.js';
import type { DistriClient, Run } from '../../client/index.js';
import type { GivenAnswer } from '../given-answers.js';
import type { Terminal } from '../terminal.js';
import { createDisplay, type Display } from '../view/display.js';
import { apply, takeSteps, type RunView } from '../view/run-view.js';
import { Answering } from './answering.js';
import { watchRun } from './run-watch.js';
import { watchServer } from './server-watch.js';

export interface FollowOptions {
  readonly client: DistriClient;
  readonly run: Run;
  readonly view: RunView;
  readonly terminal: Terminal;
  readonly answers: readonly GivenAnswer[];
  readonly ask: boolean;
  /** Return when the run is paused or blocked and nobody here can change that; else go on watching. */
  readonly stopWhenWaiting: boolean;
  /** Aborts to stop watching; the run goes on. */
  readonly signal: AbortSignal;
  readonly onInterrupt: () => void;
  /** Rejects when the worker or the server of this process breaks down, which ends the watching. */
  readonly breakdown?: Promise<void>;
}

/** How watching ended; `waiting`: the run is paused or blocked and nobody was there to ask. */
export type Followed = 'ended' | 'waiting' | 'detached';

/** Shows the run until it ends, answers what waits in it, and says why it stopped. */
export async function follow(options: FollowOptions): Promise<Followed> {
  const { run, view, signal } = options;
  const stop = new AbortController();
  const outcome: { waiting: boolean; error?: unknown } = { waiting: false };
  const display = createDisplay(options.terminal, view);
  const stopWith = (change: Partial<typeof outcome>) => {
    if (stop.signal.aborted) return;
    Object.assign(outcome, change);
    stop.abort();
  };
  const ended = AbortSignal.any([signal, stop.signal]);
  const onError = (error: unknown) => stopWith({ error });
  options.breakdown?.catch(onError);
  const answering = new Answering({ ...options, display, signal: ended, onError });
  void watchServer(options.client, (text) => answering.busy || tell(display, options.terminal, text), ended);
  const onStandstill = options.stopWhenWaiting ? () => stopWith({ waiting: true }) : undefined;
  const watch = watchRun({ run, view, answering, onStandstill, onError });
  try {
    for await (const event of run.events({ signal: ended })) {
      apply(view, event);
      if (event.event === 'run_migrated') takeSteps(view, await run.snapshot());
      display.update(event);
      if (isEnded(view.status)) break;
      answering.look();
    }
  } catch (error) {
    if (!ended.aborted) throw error;
  } finally {
    stop.abort();
    display.stop();
    // A call that is under way when its connection is closed would be tried again on it, outside of any promise.
    await Promise.all([watch.end(), answering.settled()]);
  }
  if ('error' in outcome) throw outcome.error;
  if (isEnded(view.status)) return 'ended';
  return outcome.waiting ? 'waiting' : 'detached';
}

function tell(display: Display, terminal: Terminal, text: string): void {
  display.pause();
  terminal.say(terminal.color.yellow(text));
  display.resume();
}
