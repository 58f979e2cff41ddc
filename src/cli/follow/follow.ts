import type { JsonValue } from '../../definition/json.js';
import { isEnded, type RunSnapshot } from '../../definition/snapshot.js';
import type { DistriClient, Run } from '../../client/index.js';
import type { Terminal } from '../terminal.js';
import { createDisplay, type Display } from '../view/display.js';
import { apply, refresh, takeSteps, type RunView } from '../view/run-view.js';
import { Answering } from './answering.js';
import { watchServer } from './server-watch.js';

export interface FollowOptions {
  readonly client: DistriClient;
  readonly run: Run;
  readonly view: RunView;
  readonly terminal: Terminal;
  readonly answers: Map<string, JsonValue>;
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

const CHECK_MS = 250;

/** Shows the run until it ends, answers the steps that wait, and says why it stopped. */
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
  const watch = options.stopWhenWaiting
    ? watchForStandstill(run, view, answering, () => stopWith({ waiting: true }), onError)
    : undefined;
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
    await Promise.all([watch?.end(), answering.settled()]);
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

/** The run itself is asked before it counts as standing still: the view may be behind. */
function watchForStandstill(
  run: Run,
  view: RunView,
  answering: Answering,
  onStandstill: () => void,
  onError: (error: unknown) => void,
): { end(): Promise<void> } {
  let asking: Promise<void> | undefined;
  const ask = async (): Promise<void> => {
    const snapshot = await run.snapshot();
    if (answering.busy || !standsStill(snapshot, answering)) return;
    refresh(view, snapshot);
    onStandstill();
  };
  const timer = setInterval(() => {
    if (asking !== undefined || answering.busy || !looksIdle(view)) return;
    asking = ask()
      .catch(onError)
      .finally(() => {
        asking = undefined;
      });
  }, CHECK_MS);
  return {
    end: async () => {
      clearInterval(timer);
      await asking;
    },
  };
}

function looksIdle(view: RunView): boolean {
  const statuses = Object.values(view.steps).map((step) => step.status);
  if (view.paused !== undefined) return true;
  return !statuses.includes('running') && statuses.some((status) => status === 'waiting_for_input' || status === 'blocked');
}

function standsStill(snapshot: RunSnapshot, answering: Answering): boolean {
  if (snapshot.status !== 'paused' && snapshot.status !== 'blocked') return false;
  const steps = Object.entries(snapshot.steps);
  return !steps.some(([id, step]) => step.status === 'waiting_for_input' && answering.canAnswer(id));
}
