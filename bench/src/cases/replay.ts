import { Worker, type ReplayResult } from '@temporalio/worker';
import { chainDocument } from '../documents.js';
import { eventsIn, historyOf, type History } from '../history.js';
import { ownCpuMs } from '../cpu.js';
import { measurePairs, timed } from '../pairs.js';
import { pairedRow } from '../row.js';
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

/** The replaying worker is in this process: all the CPU time that it uses meanwhile is the replay's. */
async function replayCost(replayer: Replayer, history: History): Promise<{ ms: number; cpu: number }> {
  const before = await ownCpuMs();
  const ms = await timed(() => replayer.replay(history));
  return { ms, cpu: (await ownCpuMs()) - before };
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
    const measured = await measurePairs(bench, { name: 'replay', pairs }, {
      ours: () => replayCost(replayers.ours, ours),
      twin: () => replayCost(replayers.twin, twin),
    });
    await Promise.all([replayers.ours.close(), replayers.twin.close()]);
    const of = `replay of ${eventsIn(ours).length} and ${eventsIn(twin).length} events`;
    const rowOf = (key: 'ms' | 'cpu') => measured.map((pair) => ({ ours: pair.ours[key], twin: pair.twin[key] }));
    return [pairedRow(`time a ${of}`, 'ms', rowOf('ms'), MOST_RATIO), pairedRow('CPU of it', 'ms', rowOf('cpu'))];
  },
};
