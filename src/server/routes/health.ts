import { z } from 'zod';
import type { Routes } from '../app.js';
import { errorResponses } from '../problem.js';

/** How long an answer to the question whether all is there counts: whoever asks may ask as often as they like. */
const REMEMBERED_MS = 1_000;

/** Whether the process is alive, and whether it can do its work. */
export const healthRoutes: Routes = (app, { client, store }) => {
  const check = remembered(async () => {
    await store.database.ping();
    await client.ping();
  });
  app.get(
    '/healthz',
    { config: { access: 'public', rateLimit: false }, schema: { tags: ['health'], summary: 'The process is alive', response: { 200: z.object({ status: z.literal('alive') }), ...errorResponses } } },
    async () => ({ status: 'alive' as const }),
  );
  app.get(
    '/readyz',
    {
      config: { access: 'public', rateLimit: false },
      schema: { tags: ['health'], summary: 'Database and Temporal answer', response: { 200: z.object({ status: z.literal('ready') }), ...errorResponses } },
    },
    async () => {
      await check();
      return { status: 'ready' as const };
    },
  );
};

/** Asks once for all who want to know at the same time, or shortly after. */
function remembered(ask: () => Promise<void>): () => Promise<void> {
  let last: Promise<void> | undefined;
  const forget = (): void => void (last = undefined);
  return () => (last ??= ask().finally(() => setTimeout(forget, REMEMBERED_MS).unref()));
}
