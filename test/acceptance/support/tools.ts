import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { JsonValue } from '../../../src/definition/json.js';
import { defineTool } from '../../../src/worker/define-tool.js';
import type { Tool, ToolContext } from '../../../src/worker/tool.js';

/** What the tools saw: one entry per call, in the order in which they began. */
export interface Call {
  readonly tool: string;
  readonly runId: string;
  readonly stepId: string;
  ended: boolean;
}

const odd: { [what: string]: () => unknown } = {
  bigint: () => ({ list: [1n] }),
  cycle: () => {
    const value: { self?: unknown } = {};
    value.self = value;
    return value;
  },
  nan: () => NaN,
  function: () => ({ made: () => 1 }),
  map: () => new Map([['a', 1]]),
  undefined: () => undefined,
  date: () => new Date(0),
  surrogate: () => ({ text: '\ud800!' }),
  proto: () => JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as unknown,
};

/** The tools that the cases call by name. */
export class WellKnownTools {
  readonly calls: Call[] = [];
  readonly #meetings = new Map<string, { arrived: number; met: () => void; all: Promise<void> }>();

  callsOf(runId: string): Call[] {
    return this.calls.filter((call) => call.runId === runId);
  }

  get list(): Tool[] {
    return [...this.#plain(), ...this.#timed(), ...this.#failing()];
  }

  #plain(): Tool[] {
    return [
      this.#tool('echo', z.json(), (input) => input),
      this.#tool('say', z.object({ text: z.string() }), ({ text }) => text),
      this.#tool('add', z.object({ a: z.number(), b: z.number() }), ({ a, b }) => ({ sum: a + b })),
      this.#tool('odd', z.object({ what: z.string() }), ({ what }) => odd[what]?.()),
      this.#tool('big', z.object({ bytes: z.number() }), ({ bytes }) => ({ data: 'x'.repeat(bytes) })),
      this.#tool('deep', z.object({ levels: z.number() }), ({ levels }) => nested(levels)),
      this.#tool('brackets', z.object({ levels: z.number() }), ({ levels }) => '['.repeat(levels) + ']'.repeat(levels)),
      this.#tool('length', z.object({ text: z.string() }), ({ text }) => ({ length: text.length })),
      this.#tool('which', z.json(), (input, { runId, stepId, index, idempotencyKey }) => ({
        input,
        index: index ?? null,
        key: idempotencyKey === `${encodeURIComponent(runId)}/${stepId}/${index}`,
      })),
      this.#tool('whoami', z.json(), (_input, { runId, workflowId, stepId, attempt, idempotencyKey }) => ({
        run: runId.length > 0,
        workflowId,
        stepId,
        attempt,
        key: idempotencyKey.startsWith(encodeURIComponent(runId)),
      })),
    ];
  }

  #timed(): Tool[] {
    return [
      this.#tool('sleep', z.object({ ms: z.number() }), async ({ ms }, { signal }) => {
        await sleep(ms, undefined, { signal });
        return { slept: ms };
      }),
      // Ends only when `count` calls of one run are there at the same time.
      this.#tool('meet', z.object({ count: z.number() }), async ({ count }, { runId, signal }) => {
        await Promise.race([this.#meet(runId, count), sleep(20_000, undefined, { signal }).then(() => Promise.reject(new Error('nobody came')))]);
        return { met: count };
      }),
      // Fails when more than `count` calls of its step are under way, its own included.
      this.#tool('at-most', z.object({ count: z.number() }), async ({ count }, { runId, stepId, index }) => {
        for (let look = 0; look < 5; look += 1) {
          const under = this.callsOf(runId).filter((call) => !call.ended && call.stepId === stepId).length;
          if (under > count) throw new Error(`${under} run at the same time`);
          await sleep(10);
        }
        return index ?? null;
      }),
      // Fails when any other call of the run is under way.
      this.#tool('alone', z.json(), async (_input, { runId, stepId }) => {
        const others = (): Call | undefined => this.callsOf(runId).find((call) => !call.ended && call.stepId !== stepId);
        for (let look = 0; look < 10; look += 1) {
          const other = others();
          if (other) throw new Error(`'${other.stepId}' runs at the same time`);
          await sleep(10);
        }
        return { alone: true };
      }),
    ];
  }

  #failing(): Tool[] {
    return [
      this.#tool('fail', z.object({ message: z.string() }), ({ message }) => {
        throw new Error(message);
      }),
      this.#tool('surrogate', z.json(), () => {
        throw new Error('half a pair: \ud800 and \udc00');
      }),
      // Fails until its step is run again by the user, who gives it another idempotency key.
      this.#tool('once-more', z.json(), (_input, { idempotencyKey }) => {
        if (!idempotencyKey.includes('#')) throw new Error('not yet');
        return { again: true };
      }),
      // Fails for one element of a fan-out until its user has it run again.
      this.#tool('fail-at', z.object({ index: z.number() }), ({ index: bad }, { index, idempotencyKey }) => {
        if (index === bad && !idempotencyKey.includes('#')) throw new Error(`not ${bad}`);
        return { index: index ?? null };
      }),
      this.#tool('flaky', z.object({ failures: z.number() }), ({ failures }, { attempt }) => {
        if (attempt <= failures) throw new Error(`attempt ${attempt} failed`);
        return { attempt };
      }),
    ];
  }

  #tool<Input extends z.ZodType>(
    name: string,
    input: Input,
    execute: (input: z.infer<Input>, context: ToolContext) => unknown,
  ): Tool {
    return defineTool({
      name,
      input,
      execute: async (given, context) => {
        const call: Call = { tool: name, runId: context.runId, stepId: context.stepId, ended: false };
        this.calls.push(call);
        try {
          return await execute(given, context);
        } finally {
          call.ended = true;
        }
      },
    });
  }

  #meet(runId: string, count: number): Promise<void> {
    let meeting = this.#meetings.get(runId);
    if (meeting === undefined) {
      let met = (): void => undefined;
      const all = new Promise<void>((resolve) => (met = resolve));
      meeting = { arrived: 0, met, all };
      this.#meetings.set(runId, meeting);
    }
    meeting.arrived += 1;
    if (meeting.arrived >= count) meeting.met();
    return meeting.all;
  }
}

function nested(levels: number): JsonValue {
  let value: JsonValue = 'bottom';
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}
