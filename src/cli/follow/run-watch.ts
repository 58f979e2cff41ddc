import type { RunSnapshot } from '../../definition/snapshot.js';
import type { Run } from '../../client/index.js';
import { hasOpenElements } from '../view/items-view.js';
import { refresh, takeParts, viewOfSnapshot, type RunView, type StepView } from '../view/run-view.js';
import { waitsOf } from '../view/waits.js';
import type { Answering } from './answering.js';

const CHECK_MS = 250;
const IDLE_PAUSE_MS = 1_000;
const PARTS_PAUSE_MS = 2_000;

export interface RunWatchOptions {
  readonly run: Run;
  readonly view: RunView;
  readonly answering: Answering;
  /** The run is paused or blocked, and nobody here can change that. Without it nobody minds. */
  readonly onStandstill: (() => void) | undefined;
  readonly onError: (error: unknown) => void;
}

/**
 * Asks the run itself for what its events do not tell: how open elements of fan-outs end, and whether it stands still,
 * since the view may be behind.
 */
export function watchRun(options: RunWatchOptions): { end(): Promise<void> } {
  const { view, answering, onStandstill, onError } = options;
  let asking: Promise<void> | undefined;
  let wasIdle = false;
  let nextAt = 0;
  const timer = setInterval(() => {
    const idle = onStandstill !== undefined && !answering.busy && looksIdle(view);
    const isNew = idle && !wasIdle;
    wasIdle = idle;
    if (asking !== undefined || !(idle || hasOpenParts(view)) || (Date.now() < nextAt && !isNew)) return;
    nextAt = Date.now() + (idle ? IDLE_PAUSE_MS : PARTS_PAUSE_MS);
    asking = ask(options)
      .catch((error: unknown) => {
        if (idle) onError(error);
      })
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

async function ask({ run, view, answering, onStandstill }: RunWatchOptions): Promise<void> {
  const snapshot = await run.snapshot();
  takeParts(view, snapshot);
  answering.look();
  if (onStandstill === undefined || answering.busy || !standsStill(snapshot, answering)) return;
  refresh(view, snapshot);
  onStandstill();
}

function hasOpenParts(view: RunView): boolean {
  return Object.values(view.steps).some(({ items }) => items !== undefined && hasOpenElements(items));
}

function looksIdle(view: RunView): boolean {
  if (view.paused !== undefined) return true;
  const steps = Object.values(view.steps);
  return !steps.some(isBusy) && steps.some(waitsForSomebody);
}

/** It runs, and neither elements nor a child of it may be what waits. */
function isBusy({ status, items, child }: StepView): boolean {
  return status === 'running' && items === undefined && (child === undefined || child.status === 'running');
}

function waitsForSomebody({ status, items, child }: StepView): boolean {
  if (status === 'waiting_for_input' || status === 'blocked') return true;
  if (status !== 'running') return false;
  return (child !== undefined && child.status !== 'running') || (items !== undefined && hasOpenElements(items));
}

function standsStill(snapshot: RunSnapshot, answering: Answering): boolean {
  if (snapshot.status !== 'paused' && snapshot.status !== 'blocked') return false;
  return !waitsOf(viewOfSnapshot(snapshot)).some((wait) => answering.canAnswer(wait) || answering.isSettling(wait));
}
