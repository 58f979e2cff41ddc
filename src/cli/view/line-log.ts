import type { RunEvent } from '../../definition/snapshot.js';
import { eventLines } from './event-line.js';
import type { RunView } from './run-view.js';

const PROGRESS_MS = 1_000;
const PROGRESS_PERCENT = 10;
/** Elements of one step that are told of for one reason. */
const MOST_ELEMENTS = 5;

/** The lines of a log of the run: as `eventLines`, but of large fan-outs only some. */
export class LineLog {
  readonly #progress = new Map<string, { at: number; percent: number }>();
  readonly #told = new Map<string, number>();

  constructor(private readonly view: RunView) {}

  /** The lines for an event that is in the view already. */
  lines(event: RunEvent): string[] {
    switch (event.event) {
      case 'step_progress':
        return this.#isWorthALine(event) ? eventLines(this.view, event) : [];
      case 'step_item_failed':
      case 'step_waiting':
      case 'step_child':
      case 'step_retrying':
        return event.index === undefined ? eventLines(this.view, event) : this.#ofElement(event);
      default:
        return eventLines(this.view, event);
    }
  }

  /** A tenth of the elements, and a second, since the last line. */
  #isWorthALine({ step_id, at, total, done, failed }: Extract<RunEvent, { event: 'step_progress' }>): boolean {
    const now = Date.parse(at);
    const percent = ((done + failed) * 100) / total;
    const last = this.#progress.get(step_id);
    if (last && (now - last.at < PROGRESS_MS || percent - last.percent < PROGRESS_PERCENT)) return false;
    this.#progress.set(step_id, { at: now, percent });
    return last !== undefined;
  }

  #ofElement(event: Extract<RunEvent, { event: 'step_item_failed' | 'step_waiting' | 'step_child' | 'step_retrying' }>): string[] {
    const key = JSON.stringify([event.step_id, event.event]);
    const told = (this.#told.get(key) ?? 0) + 1;
    this.#told.set(key, told);
    if (told <= MOST_ELEMENTS) return eventLines(this.view, event);
    return told === MOST_ELEMENTS + 1 ? [`  … further elements of ${event.step_id} are not told of one by one`] : [];
  }
}
