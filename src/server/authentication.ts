import type { FastifyRequest } from 'fastify';
import { DistriError } from '../definition/errors.js';
import type { App } from './app.js';
import { DOCS_PREFIX } from './openapi.js';
import type { Authenticate, Identity, Scope } from './identity.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Who sends a request, as far as can be said now. */
    identify: (request: FastifyRequest) => Promise<Identity | undefined>;
  }
  interface FastifyContextConfig {
    /** What a request needs; `public`: nothing, not even to be somebody. A route without it is a defect. */
    access?: Scope | 'public';
  }
  interface FastifyRequest {
    /** Absent on public routes, when nobody known asks. */
    identity: Identity | undefined;
  }
}

/**
 * Refuses what has no, or not enough, authority before its body is read. `mayAsk` throws for a request that may not have the
 * store asked who sends it.
 */
export function addAuthentication(app: App, authenticate: Authenticate, mayAsk: (request: FastifyRequest) => Promise<void>): void {
  app.decorateRequest('identity', undefined);
  app.addHook('onRoute', (route) => {
    // The routes of the plugin that shows the documentation cannot say it themselves.
    if (route.url.startsWith(DOCS_PREFIX)) route.config = { ...route.config, access: 'public' };
    if (route.config?.access === undefined) throw new Error(`The route ${String(route.method)} ${route.url} does not say who may use it`);
  });
  app.decorate('identify', async (request: FastifyRequest) => authenticate(request.headers, () => mayAsk(request)));
  app.addHook('onRequest', async (request) => {
    request.identity = await app.identify(request);
  });
  app.addHook('preParsing', async (request) => {
    const { access } = request.routeOptions.config;
    if (access === undefined || access === 'public') return;
    if (request.identity === undefined) throw new DistriError('UNAUTHENTICATED', 'This needs an API token, or a bearer token of the identity provider', { hint: 'Send `Authorization: Bearer <token>`; `distri-workflow tokens create` makes one.' });
    if (!request.identity.scopes.has(access)) throw new DistriError('FORBIDDEN', `This needs the scope ${access}`, { hint: 'Make a token with that scope.' });
  });
}

/** Who asks, on a route that is not public. */
export function identityOf({ identity }: { identity: Identity | undefined }): Identity {
  if (identity === undefined) throw new Error('A public route asked for the identity');
  return identity;
}
