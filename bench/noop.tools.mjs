// The tool of the benchmarks: does nothing, or nothing for a while, and says when it was done.
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTool } from 'distri-workflow/worker';
import { z } from 'zod';

export default [
  defineTool({
    name: 'noop',
    input: z.object({ count: z.number(), pause_ms: z.number().optional() }),
    async execute({ count, pause_ms: pauseMs }) {
      if (pauseMs !== undefined) await sleep(pauseMs);
      return { count: count + 1, at: Date.now() };
    },
  }),
];
