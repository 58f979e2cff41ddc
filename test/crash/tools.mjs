// The tools of the crash tests. Each call is written to the ledger before it does anything, so that a test can count calls.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTool } from 'distri-workflow/worker';
import { z } from 'zod';

const LEDGER = process.env.CRASH_LEDGER;

function note(context, entry) {
  const { runId: run, stepId: step, index, attempt } = context;
  appendFileSync(LEDGER, `${JSON.stringify({ run, step, index, attempt, pid: process.pid, at: Date.now(), ...entry })}\n`);
}

/** How often a step of a run was called so far. */
function callsOf({ runId, stepId }) {
  const lines = readFileSync(LEDGER, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line)).filter(({ run, step }) => run === runId && step === stepId).length;
}

/** Takes `ms` milliseconds and then waits for the file `gate`; its first `failures` calls fail. Its mark stands in the ledger and in its result. */
const work = defineTool({
  name: 'work',
  input: z.object({ ms: z.number().optional(), gate: z.string().optional(), failures: z.number().optional() }),
  async execute({ ms = 0, gate, failures = 0 }, context) {
    const mark = randomUUID();
    note(context, { mark });
    if (callsOf(context) <= failures) throw new Error('Not this time');
    await sleep(ms, undefined, { signal: context.signal });
    while (gate !== undefined && !existsSync(gate)) await sleep(50, undefined, { signal: context.signal });
    return { mark, attempt: context.attempt };
  },
});

/** Keeps checkpoints in the ledger's folder. */
const keep = defineTool({
  name: 'keep',
  execute(input, context) {
    note(context, { mark: randomUUID() });
    return input.action === 'list' ? { checkpoints: [] } : { kept: true };
  },
});

const fails = defineTool({
  name: 'fails',
  execute(_input, context) {
    note(context, { mark: randomUUID() });
    throw new Error('It was always going to fail');
  },
});

export default [work, keep, fails];
