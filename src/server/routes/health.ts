import { z } from 'zod';
import type { Routes } from '../app.js';
import { errorResponses } from '../problem.js';

/** How long an answer to the question whether all is there counts: whoever asks may ask as often as they like. */
const REMEMBERED_MS = 1_000;

const readySchema = z.object({ status: z.literal('ready'), database: z.enum(['up', 'down']).describe('down: runs go on, and what needs the database is answered 503') });

/** Whether the process is alive, and whether it can do its work: that is so while Temporal answers, also without the database. */
export const healthRoutes: Routes = (app, { client, store }) => {
  const check = remembered(async () => {
    const [database] = await Promise.all([isUp(store.database), client.ping()]);
    return { status: 'ready' as const, database };
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
      schema: { tags: ['health'], summary: 'Temporal answers; the state of the database is in the answer', response: { 200: readySchema, ...errorResponses } },
    },
    () => check(),
  );
};

async function isUp(database: { ping(): Promise<unknown> }): Promise<'up' | 'down'> {
  try {
    await database.ping();
    return 'up';
  } catch {
    return 'down';
  }
}

/** Asks once for all who want to know at the same time, or shortly after. */
function remembered<T>(ask: () => Promise<T>): () => Promise<T> {
  let last: Promise<T> | undefined;
  const forget = (): void => void (last = undefined);
  return () => (last ??= ask().finally(() => setTimeout(forget, REMEMBERED_MS).unref()));
}
