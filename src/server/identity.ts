import { z } from 'zod';
import { isWellFormed } from '../definition/text.js';
import { SYSTEM } from '../store/audit.js';

/** What a token may be allowed to do. `admin` includes all others, for everything of everybody. */
export const SCOPES = [
  'workflows:read',
  'workflows:write',
  'runs:read',
  'runs:write',
  'connections:read',
  'connections:write',
  'events:write',
  'tokens',
  'metrics',
  'admin',
] as const;

export type Scope = (typeof SCOPES)[number];

/** What a user may do with what is theirs. The others are about the whole server. */
export const USER_SCOPES: readonly Scope[] = SCOPES.filter((scope) => scope !== 'admin' && scope !== 'metrics');

export function isScope(name: string): name is Scope {
  return (SCOPES as readonly string[]).includes(name);
}

const LONGEST_USER_ID = 255;

/** Whether a text can name a user: it is stored, searched by, and never empty. The audit log has another meaning for `system`. */
export function isUserId(text: string): boolean {
  return text !== '' && text !== SYSTEM && text.length <= LONGEST_USER_ID && isWellFormed(text) && !/\p{Cc}/u.test(text);
}

/** What names a user in a request. */
export const userIdSchema = z.string().refine(isUserId, 'this cannot name a user');

/** Who makes a request, and what they may do. */
export interface Identity {
  /** Stable id of the user: what owns workflows, runs and connections. */
  readonly user: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Sees and may do everything of everybody. */
  readonly isAdmin: boolean;
  /** When the API token ends that says so: a token that is made with it may not outlast it. Undefined: never, or it is no API token. */
  readonly expiresAt?: Date | undefined;
}

/** The one user of a server on loopback without authentication. */
export const LOCAL_USER = 'local';

/**
 * Says who makes a request from its headers; undefined: nobody that it knows. `mayAsk` is awaited before the store is asked for
 * a token that was not seen before; what it throws is thrown. Throws `STORE_UNAVAILABLE`.
 */
export type Authenticate = (headers: { readonly authorization?: string | undefined }, mayAsk: () => Promise<void>) => Promise<Identity | undefined>;

/** Everybody is the local user. Only for servers that nobody else can reach. */
export const authenticateLocal: Authenticate = async () => identity(LOCAL_USER, ['admin']);

/** An identity with these scopes. */
export function identity(user: string, scopes: readonly Scope[], expiresAt?: Date): Identity {
  const isAdmin = scopes.includes('admin');
  return { user, isAdmin, scopes: new Set(isAdmin ? SCOPES : scopes), expiresAt };
}
