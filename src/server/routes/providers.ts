import { z } from 'zod';
import type { Routes } from '../app.js';
import { errorResponses } from '../problem.js';

const providerSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    kind: z.enum(['oauth2', 'api_key', 'basic', 'bearer', 'custom']).describe('`oauth2`: send the user to /v1/connections/{skill}/authorize; else PUT the fields'),
    ready: z.boolean().describe('Whether this server can ask it for a consent; the others are always ready'),
    fields: z.array(z.object({ name: z.string(), title: z.string(), secret: z.boolean() })),
    permissions: z.array(z.string()).describe('Those that it has names for; it may know others'),
    hosts: z.array(z.string()),
  })
  .meta({ id: 'Provider' });

/** The services that connections are of. */
export const providerRoutes: Routes = (app, { oauth }) => {
  app.get(
    '/v1/providers',
    { config: { access: 'connections:read' }, schema: { tags: ['connections'], summary: 'The services that there may be connections of', response: { 200: z.object({ items: z.array(providerSchema) }), ...errorResponses } } },
    async () => ({
      items: oauth.providers.list().map((provider) => {
        const { id, title, kind, fields, permissions, hosts } = provider;
        return { id, title, kind, ready: oauth.isReady(provider), fields, permissions: Object.keys(permissions), hosts };
      }),
    }),
  );
};
