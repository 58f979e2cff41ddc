import { z } from 'zod';
import type { Routes } from '../app.js';
import { errorResponses } from '../problem.js';

/** Whether the process is alive, and whether it can do its work. */
export const healthRoutes: Routes = (app, { client, store }) => {
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
      await store.database.ping();
      await client.ping();
      return { status: 'ready' as const };
    },
  );
};
