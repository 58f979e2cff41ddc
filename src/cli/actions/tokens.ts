import { SCOPES, USER_SCOPES, type Scope } from '../../server/identity.js';
import type { ApiToken } from '../../store/tokens.js';
import { DistriError } from '../../definition/errors.js';
import { withCleanup } from '../cleanup.js';
import type { CreateTokenFlags, ListTokensFlags } from '../commands/tokens.js';
import type { Context } from '../context.js';
import { EXIT, UsageError } from '../errors.js';
import { openConfiguredStore } from '../store.js';
import { printJson } from '../terminal.js';
import { printTable } from '../view/table.js';
import { sayDone } from './with-client.js';

const MOST_LISTED = 1_000;

/** Makes a token and prints it; the rest goes to stderr. */
export async function create(context: Context, { user, name, scope, expiresAt }: CreateTokenFlags): Promise<number> {
  const scopes = scope === undefined ? [...USER_SCOPES] : scope.map(scopeNamed);
  const until = expiresAt === undefined ? undefined : timeOf(expiresAt);
  return withCleanup(async (cleanup) => {
    const store = await openConfiguredStore(context, {}, cleanup);
    const { secret, token } = await store.tokens.create({ userId: user, name, scopes, expiresAt: until });
    const { terminal } = context;
    if (terminal.json) {
      printJson(terminal, { token: secret, ...shown(token) });
    } else {
      terminal.print(secret);
      terminal.say(`Token ${token.id} of ${user}: ${scopes.join(', ')}. It is shown this once.`);
    }
    return EXIT.completed;
  });
}

export async function list(context: Context, { user }: ListTokensFlags): Promise<number> {
  return withCleanup(async (cleanup) => {
    const store = await openConfiguredStore(context, {}, cleanup);
    const tokens = await store.tokens.list({ userId: user, limit: MOST_LISTED });
    const { terminal } = context;
    if (terminal.json) {
      printJson(terminal, { tokens: tokens.map(shown) });
      return EXIT.completed;
    }
    const rows = tokens.map(({ id, userId, name, scopes, expiresAt, lastUsedAt }) => [
      id,
      userId,
      name,
      scopes.join(' '),
      expiresAt?.toISOString() ?? 'never',
      lastUsedAt?.toISOString() ?? 'never',
    ]);
    printTable(terminal, ['ID', 'USER', 'NAME', 'SCOPES', 'EXPIRES', 'LAST USED'], rows, 'There are no tokens.');
    return EXIT.completed;
  });
}

export async function revoke(context: Context, id: string): Promise<number> {
  return withCleanup(async (cleanup) => {
    const store = await openConfiguredStore(context, {}, cleanup);
    const token = await store.tokens.revoke(id);
    if (token === undefined) throw new DistriError('TOKEN_NOT_FOUND', `There is no token '${id}', or it has been revoked`);
    return sayDone(context, shown(token), `Token ${id} of ${token.userId} is revoked.`);
  });
}

function scopeNamed(text: string): Scope {
  const scope = SCOPES.find((each) => each === text);
  if (scope === undefined) throw new UsageError(`There is no scope '${text}'`, `The scopes are ${SCOPES.join(', ')}.`);
  return scope;
}

function timeOf(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new UsageError(`--expires-at is '${text}': a time is expected`, 'For example 2027-12-31T00:00:00Z.');
  return at;
}

function shown({ id, name, userId, scopes, createdAt, expiresAt, lastUsedAt }: ApiToken): object {
  return {
    id,
    user: userId,
    name,
    scopes,
    created_at: createdAt.toISOString(),
    ...(expiresAt && { expires_at: expiresAt.toISOString() }),
    ...(lastUsedAt && { last_used_at: lastUsedAt.toISOString() }),
  };
}
