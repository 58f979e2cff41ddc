import { Worker } from '@temporalio/worker';
import { chainDocument } from '../documents.js';
import { eventsIn, historyOf, type History } from '../history.js';
import { measurePairs } from '../pairs.js';
import { pairedRow } from '../row.js';
import { runOurs, runTwin } from '../runs.js';
import type { Case } from './case.js';

const EVENTS = 5_000;
const EVENTS_A_STEP = 6;
const MOST_RATIO = 1.1;

/** A worker that replays one history at a time, so that its start is not counted. */
class Replayer {
  #give: (history: History | undefined) => void = () => undefined;
  readonly #results: AsyncIterator<{ error?: unknown }>;

  constructor(bundlePath: string) {
    this.#results = Worker.runReplayHistories({ workflowBundle: { codePath: bundlePath } }, this.#histories())[Symbol.asyncIterator]();
  }

  async *#histories() {
    for (;;) {
      const history = await new Promise<History | undefined>((resolve) => (this.#give = resolve));
      if (!history) return;
      yield { workflowId: 'replay', history };
    }
  }

  /** Milliseconds from handing the history over to its last event. */
  async replay(history: History): Promise<number> {
    const result = this.#results.next();
    await new Promise(setImmediate);
    const begun = performance.now();
    this.#give(history);
    const { value } = await result;
    const ms = performance.now() - begun;
    if (value && 'error' in value && value.error !== undefined) throw value.error as Error;
    return ms;
  }

  async close(): Promise<void> {
    const last = this.#results.next();
    await new Promise(setImmediate);
    this.#give(undefined);
    await last;
  }
}

export const replay: Case = {
  name: 'replay',
  title: `replay of a chain of about ${EVENTS} events`,
  pairs: 9,
  quickPairs: 3,
  async run(bench, pairs) {
    const steps = Math.floor(EVENTS / EVENTS_A_STEP);
    bench.say(`replay: makes two histories of ${steps} steps`);
    const ours = await historyOf(bench, await runOurs(bench, chainDocument(steps)));
    const twin = await historyOf(bench, await runTwin(bench, 'chain', { steps }));
    const replayers = { ours: new Replayer(bench.bundles.ours), twin: new Replayer(bench.bundles.twin) };
    const times = await measurePairs(bench, { name: 'replay', pairs }, {
      ours: () => replayers.ours.replay(ours),
      twin: () => replayers.twin.replay(twin),
    });
    await Promise.all([replayers.ours.close(), replayers.twin.close()]);
    return [
      pairedRow(`time for ${eventsIn(ours).length} and ${eventsIn(twin).length} events`, 'ms', times, MOST_RATIO),
    ];
  },
};
