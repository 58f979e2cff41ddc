import { z } from 'zod';
import { DistriError } from '../../definition/errors.js';
import { decodeCursor, encodeCursor } from '../../store/cursor.js';
import { storableText, instantSchema } from '../../store/storable.js';
import type { ApiToken } from '../../store/tokens.js';
import type { Routes } from '../app.js';
import { identityOf } from '../authentication.js';
import { SCOPES, userIdSchema, type Identity } from '../identity.js';
import { pageQuery, pageSchema } from '../page.js';
import { errorResponses } from '../problem.js';

const scopes = z.array(z.enum(SCOPES)).min(1).max(SCOPES.length);
const tokenSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    user: z.string(),
    scopes: z.array(z.string()),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().optional(),
    last_used_at: z.iso.datetime().optional().describe('To the minute'),
  })
  .meta({ id: 'Token' });
const createdSchema = tokenSchema.extend({ token: z.string().describe('Shown this once. Send it as `Authorization: Bearer <token>`.') });
const newTokenSchema = z.strictObject({
  name: storableText(200).min(1).refine((name) => !/\p{Cc}/u.test(name), 'expected text without control characters'),
  scopes,
  user: userIdSchema.optional().describe('Whose it is; others than yourself only for admins'),
  expires_at: instantSchema.optional().describe('Default: never, or the end of the token that makes it, which is also the latest'),
});
const listQuery = z.strictObject({
  ...pageQuery,
  user: userIdSchema.optional().describe('Of this user alone; others than yourself only for admins'),
});
const cursorShape = z.tuple([z.uuid()]);
const idParams = z.object({ id: z.string().max(100) });

/** API tokens. Each user has their own, an admin everybody's. */
export const tokenRoutes: Routes = (app, { store }) => {
  app.get(
    '/v1/tokens',
    { config: { access: 'tokens' }, schema: { tags: ['tokens'], summary: 'The tokens there are, newest first', querystring: listQuery, response: { 200: pageSchema(tokenSchema), ...errorResponses } } },
    async (request) => {
      const { user, isAdmin } = identityOf(request);
      const { limit, cursor, user: asked } = request.query;
      const userId = isAdmin ? asked : user;
      if (asked !== undefined && asked !== user && !isAdmin) return { items: [] };
      const found = await store.tokens.list({ userId, limit: limit + 1, before: cursor === undefined ? undefined : decodeCursor(cursor, cursorShape)[0] });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return { items: items.map(shown), ...(found.length > limit && last !== undefined ? { next_cursor: encodeCursor([last.id]) } : {}) };
    },
  );

  app.post(
    '/v1/tokens',
    { config: { access: 'tokens' }, schema: { tags: ['tokens'], summary: 'Make a token', body: newTokenSchema, response: { 201: createdSchema, ...errorResponses } } },
    async (request, reply) => {
      const identity = identityOf(request);
      const { name, scopes, user = identity.user, expires_at } = request.body;
      const lacking = scopes.filter((scope) => !identity.scopes.has(scope));
      if (lacking.length > 0) throw new DistriError('FORBIDDEN', `You lack the scopes ${lacking.join(', ')}, so you cannot give them away`);
      if (user !== identity.user && !identity.isAdmin) throw new DistriError('FORBIDDEN', 'Only an admin makes tokens for others');
      const expiresAt = endOf(identity, expires_at);
      const { secret, token } = await store.tokens.create({ userId: user, name, scopes: [...new Set(scopes)], expiresAt }, identity.user);
      return reply.status(201).header('cache-control', 'no-store').send({ ...shown(token), token: secret });
    },
  );

  app.delete(
    '/v1/tokens/:id',
    { config: { access: 'tokens' }, schema: { tags: ['tokens'], summary: 'Revoke a token', description: 'It may be good for another 10 s.', params: idParams, response: { 204: z.undefined(), ...errorResponses } } },
    async (request, reply) => {
      const { user, isAdmin } = identityOf(request);
      const { id } = request.params;
      const revoked = id.includes('\0') ? undefined : await store.tokens.revoke(id, { userId: isAdmin ? undefined : user, actor: user });
      if (revoked === undefined) throw new DistriError('TOKEN_NOT_FOUND', `There is no token '${id}'`);
      return reply.status(204).send();
    },
  );
};

/** When a new token ends. Throws `BAD_REQUEST`, and `FORBIDDEN` for one that would be good for longer than the token that makes it. */
function endOf({ expiresAt: latest }: Identity, asked: string | undefined): Date | undefined {
  if (asked === undefined) return latest;
  const end = new Date(asked);
  if (!(end.getTime() > Date.now())) throw new DistriError('BAD_REQUEST', 'expires_at is in the past: the token would never be good');
  if (latest === undefined || end <= latest) return end;
  throw new DistriError('FORBIDDEN', `expires_at is later than ${latest.toISOString()}, when the token ends with which you make this one`, {
    hint: 'Leave expires_at out, or make the token with one that is good for longer.',
  });
}

function shown({ id, name, userId, scopes, createdAt, expiresAt, lastUsedAt }: ApiToken) {
  return {
    id,
    name,
    user: userId,
    scopes: [...scopes],
    created_at: createdAt.toISOString(),
    ...(expiresAt === null ? {} : { expires_at: expiresAt.toISOString() }),
    ...(lastUsedAt === null ? {} : { last_used_at: lastUsedAt.toISOString() }),
  };
}
