import { Worker, type ReplayResult } from '@temporalio/worker';
import { chainDocument } from '../documents.js';
import { eventsIn, historyOf, type History } from '../history.js';
import { costs, measurePairs, ownCpuMs } from '../pairs.js';
import { costRows } from '../row.js';
import { runOurs, runTwin } from '../runs.js';
import type { Case } from './case.js';

const EVENTS = 5_000;
const EVENTS_A_STEP = 6;
const MOST_RATIO = 1.1;

/** A worker that replays one history at a time, so that its start is counted in the warm-up only. */
class Replayer {
  #history: History | undefined;
  readonly #results: AsyncIterator<ReplayResult>;

  constructor(bundlePath: string) {
    this.#results = Worker.runReplayHistories({ workflowBundle: { codePath: bundlePath } }, this.#histories())[Symbol.asyncIterator]();
  }

  async *#histories() {
    while (this.#history) yield { workflowId: 'replay', history: this.#history };
  }

  async replay(history: History): Promise<void> {
    this.#history = history;
    const next = await this.#results.next();
    if (next.done === true) throw new Error('the worker has ended');
    if (next.value.error) throw next.value.error;
  }

  async close(): Promise<void> {
    this.#history = undefined;
    await this.#results.next();
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
    const cpu = ownCpuMs;
    const work = { ours: () => replayers.ours.replay(ours), twin: () => replayers.twin.replay(twin) };
    const measured = await measurePairs(bench, { name: 'replay', pairs }, costs({ ours: cpu, twin: cpu }, 1, work));
    await Promise.all([replayers.ours.close(), replayers.twin.close()]);
    return costRows(`replay of ${eventsIn(ours).length} and ${eventsIn(twin).length} events`, measured, MOST_RATIO);
  },
};
