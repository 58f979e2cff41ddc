import { createLogUpdate } from 'log-update';
import type { RunEvent } from '../../definition/snapshot.js';
import type { Terminal } from '../terminal.js';
import { LineLog } from './line-log.js';
import { renderRun } from './render.js';
import type { RunView } from './run-view.js';

/** Shows a run while it goes on. */
export interface Display {
  /** After each event, which is in the view already. */
  update(event: RunEvent): void;
  /** Gives the terminal to a question or a message; what was drawn stays as it is. */
  pause(): void;
  resume(): void;
  /** Draws for the last time and lets go. */
  stop(): void;
}

const FRAME_MS = 100;

/** A list that is drawn again and again on a terminal, else one line an event. */
export function createDisplay(terminal: Terminal, view: RunView): Display {
  return terminal.live ? liveDisplay(terminal, view) : lineDisplay(terminal, view);
}

function lineDisplay(terminal: Terminal, view: RunView): Display {
  const log = new LineLog(view);
  return {
    update: (event) => log.lines(event).forEach((line) => terminal.say(line)),
    pause: () => undefined,
    resume: () => undefined,
    stop: () => undefined,
  };
}

function liveDisplay(terminal: Terminal, view: RunView): Display {
  const log = createLogUpdate(process.stderr);
  let timer: NodeJS.Timeout | undefined;
  const draw = (height: number) => {
    const frame = { now: Date.now(), width: process.stderr.columns || 80, height, color: terminal.color };
    log(renderRun(view, frame).join('\n'));
  };
  const drawLive = () => draw(process.stderr.rows || 24);
  const resume = () => {
    timer ??= setInterval(drawLive, FRAME_MS);
    drawLive();
  };
  const stopTimer = () => {
    clearInterval(timer);
    timer = undefined;
  };
  resume();
  return {
    update: () => undefined,
    pause: () => {
      if (timer === undefined) return;
      stopTimer();
      drawLive();
      log.done();
    },
    resume,
    stop: () => {
      stopTimer();
      draw(Math.max(process.stderr.rows || 24, 60));
      log.done();
    },
  };
}
