import { z } from 'zod';
import { headersOf, type Provider } from '../../connections/provider.js';
import { isSkill } from '../../definition/checks/skills.js';
import { DistriError } from '../../definition/errors.js';
import { isHeaderName, isHeaderValue } from '../../kinds/api-call/headers.js';
import { isHostPattern } from '../../kinds/api-call/hosts.js';
import type { NewConnection } from '../../store/connections.js';
import { storableText, instantSchema } from '../../store/storable.js';

const LONGEST_SKILL = 200;
const LONGEST_VALUE = 64 * 1024;
const MOST_ENTRIES = 100;

const few = (record: object): boolean => Object.keys(record).length <= MOST_ENTRIES;
const variables = z
  .record(z.string().regex(/^[A-Za-z_][\w-]{0,199}$/, 'expected letters, digits, dashes and underscores'), storableText(LONGEST_VALUE))
  .refine(few, `expected at most ${MOST_ENTRIES}`);

/** The skill of a connection, in an address. */
export const skillSchema = storableText(LONGEST_SKILL)
  .refine(isSkill, 'expected namespace:name, such as google:drive')
  .refine((skill) => !skill.startsWith('native:'), 'a native: skill is what a worker can do, not a connection');
export const permissionSchema = storableText(500).min(1);

// No message repeats a value: it may be a secret.
export const connectionBody = z.strictObject({
  provider: z.string().max(50).optional().describe('Default: the one that the namespace of the skill names, else `custom`'),
  permissions: z.array(permissionSchema).max(MOST_ENTRIES).default([]),
  env: variables.default({}).describe('Plain variables: `{env.NAME}`'),
  secrets: variables.default({}).describe('Secret variables: `{env.NAME}`, masked wherever they would be repeated'),
  headers: z
    .record(
      z.string().max(200).refine(isHeaderName, 'this cannot be the name of an HTTP header'),
      z.string().max(8_192).refine(isHeaderValue, 'an HTTP header is one line of Latin-1 text'),
    )
    .refine(few, `expected at most ${MOST_ENTRIES}`)
    .default({})
    .describe('Sent to `hosts`, besides those of the provider'),
  hosts: z.array(storableText(300).refine(isHostPattern, 'expected a host such as api.example.com, *.example.com or 127.0.0.1:8080')).max(MOST_ENTRIES).optional(),
  expires_at: instantSchema.optional(),
  shared: z.boolean().optional().describe('For the runs of everybody; only for admins. Default: true on a server without login.'),
});

type ConnectionBody = z.infer<typeof connectionBody>;

/** What is stored of a connection whose values its user gives. Throws `BAD_REQUEST` when its provider needs more or other ones. */
export function connectionOf(skill: string, owner: string, provider: Provider, body: ConnectionBody): NewConnection {
  const { permissions, env, secrets, expires_at } = body;
  for (const { name, secret } of provider.fields) {
    if (!secret && (name in env || name in secrets)) continue;
    if (name in secrets) continue;
    throw new DistriError('BAD_REQUEST', `$.${secret ? 'secrets' : 'env'}.${name}: a connection of ${provider.title} needs it${name in env ? ', and as a secret' : ''}`);
  }
  const token = provider.token_variable === undefined ? undefined : secrets[provider.token_variable];
  const values = { ...env, ...secrets, ...(token === undefined ? {} : { access_token: token }) };
  const headers = { ...headersOf(provider, values), ...body.headers };
  const unfit = Object.entries(headers).find(([, value]) => !isHeaderValue(value));
  if (unfit !== undefined) throw new DistriError('BAD_REQUEST', `The header ${unfit[0]} cannot hold what was given for it: one line of Latin-1 text is expected`);
  const hosts = body.hosts ?? provider.hosts;
  if (Object.keys(headers).length > 0 && hosts.length === 0) {
    throw new DistriError('BAD_REQUEST', `$.hosts: the headers ${Object.keys(headers).join(', ')} need at least one host that they are sent to`);
  }
  return {
    owner,
    skill,
    provider: provider.id,
    permissions: [...new Set(permissions)],
    env,
    hosts,
    expiresAt: expires_at === undefined ? undefined : new Date(expires_at),
    credentials: { secrets, headers },
  };
}
