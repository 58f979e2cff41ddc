import { z } from 'zod';
import { messageOf } from '../../definition/text.js';
import type { ConnectionRow, ConnectionStore, Credentials } from '../../store/connections.js';
import { SHARED_OWNER } from '../../store/tables.js';

/** A connection as the API shows it: of what is secret, the names alone. */
export const connectionSchema = z
  .object({
    skill: z.string(),
    provider: z.string(),
    account: z.string().optional().describe('As the provider names it'),
    owner: z.string().optional().describe('Absent when it is shared'),
    shared: z.boolean(),
    status: z.enum(['active', 'broken']).describe('Runs that need a broken one are blocked'),
    problem: z.string().optional().describe('Why it is broken'),
    permissions: z.array(z.string()),
    env: z.record(z.string(), z.string()),
    secrets: z.array(z.string()).describe('Names'),
    headers: z.array(z.string()).describe('Names'),
    hosts: z.array(z.string()),
    revision: z.string(),
    expires_at: z.iso.datetime().optional(),
    renews: z.boolean().describe('Its token is renewed by itself'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Connection' });

export function shownConnection(row: ConnectionRow, store: ConnectionStore): z.infer<typeof connectionSchema> {
  const { skill, provider, account, owner, status, problem, permissions, env, hosts, revision, expiresAt, createdAt, updatedAt } = row;
  const opened = open(row, store);
  const { secrets, headers, refreshToken } = 'secrets' in opened ? opened : { secrets: {}, headers: {}, refreshToken: undefined };
  const why = 'secrets' in opened ? problem : opened.problem;
  return {
    skill,
    provider,
    ...(account === null ? {} : { account }),
    ...(owner === SHARED_OWNER ? {} : { owner }),
    shared: owner === SHARED_OWNER,
    status: 'secrets' in opened ? status : 'broken',
    ...(why === null ? {} : { problem: why }),
    permissions,
    env,
    secrets: Object.keys(secrets),
    headers: Object.keys(headers),
    hosts,
    revision,
    ...(expiresAt === null || refreshToken !== undefined ? {} : { expires_at: expiresAt.toISOString() }),
    renews: refreshToken !== undefined,
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}

/** One whose key is gone does not hide the others. */
function open(row: ConnectionRow, store: ConnectionStore): Credentials | { problem: string } {
  try {
    return store.open(row);
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
