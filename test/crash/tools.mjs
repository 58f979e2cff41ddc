// The tools of the crash tests. Each call is written to the ledger before it does anything, so that a test can count calls.
import { appendFileSync, existsSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTool } from 'distri-workflow/worker';
import { z } from 'zod';

const LEDGER = process.env.CRASH_LEDGER;

function note(context, entry) {
  const { runId: run, stepId: step, attempt } = context;
  appendFileSync(LEDGER, `${JSON.stringify({ run, step, attempt, pid: process.pid, at: Date.now(), ...entry })}\n`);
}

/** Takes `ms` milliseconds and then waits for the file `gate`. Its mark stands in the ledger and in its result. */
const work = defineTool({
  name: 'work',
  input: z.object({ ms: z.number().optional(), gate: z.string().optional() }),
  async execute({ ms = 0, gate }, context) {
    const mark = randomUUID();
    note(context, { mark });
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
