import { get, type ClientRequest } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Run } from 'distri-workflow/client';
import { findFreePort } from '../../../dist/cli/find-port.js';
import { startChild } from '../child.js';
import { chainDocument } from '../documents.js';
import { percentile } from '../pairs.js';
import type { Row } from '../row.js';
import type { Bench } from '../sides.js';
import type { Case } from './case.js';

const RUNS = 100;
const READERS_EACH = 10;
const CHANGING = 5;
const STEPS = 10;
const PAUSE_MS = 1_000;
const MOST_MEDIAN_MS = 100;

/** A chain that begins when it is told to. */
function waitingChain() {
  const { steps, ...rest } = chainDocument(STEPS, PAUSE_MS);
  const [first, ...others] = steps;
  if (first === undefined) throw new Error('The chain has no steps');
  const begin = { id: 'begin', kind: { type: 'wait_for_input', message: 'Begin?' } };
  return { ...rest, steps: [begin, { ...first, depends_on: ['begin'] }, ...others] };
}

/** Reads a stream; gives the milliseconds from each step's end to here to `told`. Resolves when the stream is open. */
async function read(url: string, told: (ms: number) => void): Promise<ClientRequest> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`The API answered ${response.statusCode}`));
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const at = block.includes('event: step_completed') ? /"at":(\d{13})/.exec(block)?.[1] : undefined;
          if (at !== undefined) told(Date.now() - Number(at));
        }
      });
      response.on('error', () => undefined);
      resolve(request);
    });
    request.on('error', reject);
  });
}

async function measure(bench: Bench, rounds: number): Promise<Row[]> {
  const { temporal } = bench;
  const port = await findFreePort();
  const address = bench.distri.address;
  const api = await startChild(fileURLToPath(new URL('../ours/api-main.js', import.meta.url)), [address, temporal.options.namespace, String(port)]);
  const delays: number[] = [];
  const readers: ClientRequest[] = [];
  try {
    const document = waitingChain();
    const runs: Run[] = [];
    for (let n = 0; n < RUNS; n += 1) runs.push(await bench.distri.start(document, { runId: bench.id('sse') }));
    for (const run of runs) {
      const url = `http://127.0.0.1:${port}/v1/runs/${run.id}/events`;
      readers.push(...(await Promise.all(Array.from({ length: READERS_EACH }, () => read(url, (ms) => delays.push(ms))))));
    }
    bench.say(`sse: ${readers.length} readers`);
    const before = await api.cpuMs();
    for (let round = 0; round < rounds; round += 1) {
      const changing = runs.slice(round * CHANGING, (round + 1) * CHANGING);
      await Promise.all(changing.map((run) => run.answer('begin', null)));
      await Promise.all(changing.map((run) => run.result()));
      bench.say(`sse: ${(round + 1) * CHANGING} runs, median ${percentile(delays, 0.5)} ms`);
    }
    const cpu = ((await api.cpuMs()) - before) / delays.length;
    await Promise.all(runs.slice(rounds * CHANGING).map((run) => run.terminate()));
    const median = percentile(delays, 0.5);
    return [
      { measure: 'p50', unit: 'ms', ours: median, target: `≤ ${MOST_MEDIAN_MS} ms`, ok: median <= MOST_MEDIAN_MS },
      { measure: 'p95', unit: 'ms', ours: percentile(delays, 0.95) },
      { measure: 'events read', unit: '', ours: delays.length },
      { measure: 'CPU of the API an event read', unit: 'ms', ours: cpu },
    ];
  } finally {
    for (const reader of readers) reader.destroy();
    await api.stop();
  }
}

export const sse: Case = {
  name: 'sse',
  title: `a step's end to the event at ${RUNS * READERS_EACH} readers over HTTP of ${RUNS} runs, ${CHANGING} of which change at a time, a step every ${PAUSE_MS} ms`,
  pairs: 6,
  quickPairs: 3,
  run: measure,
};
