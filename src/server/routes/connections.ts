import { z } from 'zod';
import { revokeAccount } from '../../connections/revoke.js';
import { decodeCursor, encodeCursor } from '../../store/cursor.js';
import { SHARED_OWNER } from '../../store/tables.js';
import type { Routes } from '../app.js';
import { identityOf } from '../authentication.js';
import { noConnection, ownerOf, userOf } from '../connections/access.js';
import { connectionBody, connectionOf, skillSchema } from '../connections/body.js';
import { tellBlockedRuns } from '../connections/changed.js';
import { connectionSchema, shownConnection } from '../connections/shown.js';
import { userIdSchema } from '../identity.js';
import { pageQuery, pageSchema } from '../page.js';
import { errorResponses } from '../problem.js';
import { flag } from '../query.js';

const params = z.object({ skill: skillSchema });
const owned = z.strictObject({ owner: userIdSchema.optional().describe('For admins: whose') });
const which = owned.extend({ shared: flag.optional().describe('The shared one, which only an admin removes. Default: one’s own; true on a server without login.') });
const listQuery = owned.extend(pageQuery);
const cursorShape = z.tuple([z.int().min(0)]);

/** Connections of the user, and those that everybody's runs may use. What is secret goes in, and never out. */
export const connectionRoutes: Routes = (app, deps) => {
  const { store, oauth, settings } = deps;

  app.get(
    '/v1/connections',
    { config: { access: 'connections:read' }, schema: { tags: ['connections'], summary: 'Your connections and the shared ones, by skill', querystring: listQuery, response: { 200: pageSchema(connectionSchema), ...errorResponses } } },
    async (request) => {
      const { limit, cursor, ...whose } = request.query;
      const rows = await store.connections.list(userOf(identityOf(request), whose));
      const from = cursor === undefined ? 0 : decodeCursor(cursor, cursorShape)[0];
      const items = rows.slice(from, from + limit).map((row) => shownConnection(row, store.connections));
      return { items, ...(rows.length > from + limit ? { next_cursor: encodeCursor([from + limit]) } : {}) };
    },
  );

  app.get(
    '/v1/connections/:skill',
    { config: { access: 'connections:read' }, schema: { tags: ['connections'], summary: 'The connection that your runs use', params, querystring: owned, response: { 200: connectionSchema, ...errorResponses } } },
    async (request) => {
      const { skill } = request.params;
      const row = await store.connections.find(skill, userOf(identityOf(request), request.query));
      if (row === undefined) throw noConnection(skill);
      return shownConnection(row, store.connections);
    },
  );

  app.put(
    '/v1/connections/:skill',
    { config: { access: 'connections:write' }, schema: { tags: ['connections'], summary: 'Add a connection, or put it in the place of the old one', params, querystring: owned, body: connectionBody, response: { 200: connectionSchema, ...errorResponses } } },
    async (request) => {
      const { skill } = request.params;
      const { body } = request;
      const identity = identityOf(request);
      const owner = ownerOf(identity, { ...request.query, shared: body.shared }, settings);
      const provider = body.provider === undefined ? (oauth.providers.ofSkill(skill) ?? oauth.providers.get('custom')) : oauth.providers.get(body.provider);
      const row = await store.connections.put(connectionOf(skill, owner, provider, body), identity.user);
      tellBlockedRuns(deps, skill, request.log);
      return shownConnection(row, store.connections);
    },
  );

  app.delete(
    '/v1/connections/:skill',
    { config: { access: 'connections:write' }, schema: { tags: ['connections'], summary: 'Remove a connection; steps that need it are blocked', params, querystring: which, response: { 204: z.undefined(), ...errorResponses } } },
    async (request, reply) => {
      const { skill } = request.params;
      const identity = identityOf(request);
      const owner = ownerOf(identity, request.query, settings);
      const row = await store.connections.remove(skill, owner, identity.user);
      if (row === undefined) throw noConnection(skill, owner === SHARED_OWNER ? undefined : 'A shared one is removed with ?shared=true alone, by an admin.');
      // The connection is gone whether or not the provider listens.
      revokeAccount({ connections: store.connections, oauth }, row).catch((error: unknown) => {
        request.log.warn({ err: error, skill }, 'The provider could not be told that an account is used no more');
      });
      tellBlockedRuns(deps, skill, request.log);
      return reply.status(204).send();
    },
  );
};
