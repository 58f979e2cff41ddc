import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openTheatre, until, type Theatre, type WorkerProcess } from '../crash/support.js';

const NOOP = fileURLToPath(new URL('noop.tools.mjs', import.meta.url));
const MOST_EVENTS = 30_000;
const MOST_MEMORY_KB = 1_000_000;

let theatre: Theatre;
let worker: WorkerProcess;

beforeAll(async () => {
  theatre = await openTheatre({ memory: true });
});
afterEach(() => worker.kill());
afterAll(() => theatre.close());

/** The most memory that a process ever had, in KiB; undefined where the system does not tell. */
async function peakMemory(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The number of events of each execution of a run, once the list knows that all of them have ended. */
async function lengthsOf(runId: string): Promise<number[]> {
  return until('all executions are listed', async () => {
    const lengths: number[] = [];
    let last = false;
    for await (const { historyLength, status } of theatre.client.temporal.workflow.list({ query: `WorkflowId = '${runId}'` })) {
      if (status.name === 'RUNNING') return undefined;
      last ||= status.name === 'COMPLETED';
      lengths.push(historyLength);
    }
    return last && lengths;
  });
}

test.each([
  [10_000, 100],
  [100_000, 100],
])('%i elements, %i at once, are done in order, in bounded histories and memory', async (count, concurrency) => {
  worker = await theatre.worker('--tools', NOOP);
  const each = { id: 'each', for_each: { items: '{input.rows}', concurrency }, kind: { type: 'tool_call', tool_name: 'noop', input: { row: '{item}' } } };
  const rows = Array.from({ length: count }, (_, n) => n % 10);
  const begun = performance.now();
  const run = await theatre.client.start({ id: 'many-elements', steps: [each] }, { input: { rows } });
  const end = await run.result();
  const secs = (performance.now() - begun) / 1000;

  expect(end.steps['each']).toMatchObject({ status: 'done', items: { total: count, done: count, failed: 0, running: 0 } });
  expect(end.steps['each']?.result).toEqual(rows.map((_, n) => n));
  const lengths = await lengthsOf(run.id);
  const memory = await peakMemory(worker.pid);
  const mib = memory === undefined ? '?' : Math.round(memory / 1024);
  console.log(`${count} elements: ${secs.toFixed(0)} s, ${((secs * 1000) / count).toFixed(1)} ms each; events ${lengths.join(' + ')}; worker at most ${mib} MiB`);
  expect(Math.max(...lengths)).toBeLessThan(MOST_EVENTS);
  if (memory !== undefined) expect(memory).toBeLessThan(MOST_MEMORY_KB);
}, 3_600_000);
