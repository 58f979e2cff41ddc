import { createHash, randomBytes } from 'node:crypto';
import { and, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { AuditLog, SYSTEM } from './audit.js';
import type { Db } from './database.js';
import { apiTokens } from './tables.js';

/** How an API token begins: so that one that leaked is known for what it is. */
export const TOKEN_PREFIX = 'dwf_';
const TOKEN_BYTES = 32;
const TOKEN_SHAPE = new RegExp(`^${TOKEN_PREFIX}[A-Za-z0-9_-]{43}$`);

/** Whether a text can be a token at all: what does not have their shape need not be looked up. */
export function isTokenShaped(text: string): boolean {
  return TOKEN_SHAPE.test(text);
}

/** A token without its secret. */
export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly userId: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
}

export interface NewToken {
  readonly userId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAt?: Date | undefined;
}

const columns = {
  id: apiTokens.id,
  name: apiTokens.name,
  userId: apiTokens.userId,
  scopes: apiTokens.scopes,
  createdAt: apiTokens.createdAt,
  expiresAt: apiTokens.expiresAt,
  revokedAt: apiTokens.revokedAt,
  lastUsedAt: apiTokens.lastUsedAt,
};

/** API tokens. What is stored of one cannot be used in its place. Each is in the audit log when it is made and when it is revoked. */
export class TokenStore {
  constructor(private readonly db: Db) {}

  /** Makes a token of 256 random bits; `secret` is what its user sends, and is never to be had again. */
  async create({ userId, name, scopes, expiresAt }: NewToken, actor = SYSTEM): Promise<{ secret: string; token: ApiToken }> {
    const secret = TOKEN_PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
    const row = { id: uuidv7(), hash: hashOf(secret), name, userId, scopes: [...scopes], ...(expiresAt === undefined ? {} : { expiresAt }) };
    return this.db.transaction(async (tx) => {
      const [token] = await tx.insert(apiTokens).values(row).returning(columns);
      if (token === undefined) throw new Error('A token was inserted and is not there');
      await new AuditLog(tx).record({ actor, action: 'token.create', target: `token:${token.id}`, detail: { name, user: userId, scopes: [...scopes] } });
      return { secret, token };
    });
  }

  /** The tokens that are not revoked, newest first: of one user, or of all. */
  async list({ userId, limit, before }: { userId?: string | undefined; limit: number; before?: string | undefined }): Promise<ApiToken[]> {
    const conditions = [
      isNull(apiTokens.revokedAt),
      ...(userId === undefined ? [] : [eq(apiTokens.userId, userId)]),
      ...(before === undefined ? [] : [lt(apiTokens.id, before)]),
    ];
    return this.db.select(columns).from(apiTokens).where(and(...conditions)).orderBy(desc(apiTokens.id)).limit(limit);
  }

  /** Ends a token, of this user when one is given. Undefined: there is none, or it had ended already. */
  async revoke(id: string, { userId, actor = SYSTEM }: { userId?: string | undefined; actor?: string } = {}): Promise<ApiToken | undefined> {
    const which = and(eq(apiTokens.id, id), isNull(apiTokens.revokedAt), ...(userId === undefined ? [] : [eq(apiTokens.userId, userId)]));
    return this.db.transaction(async (tx) => {
      const [revoked] = await tx.update(apiTokens).set({ revokedAt: sql`now()` }).where(which).returning(columns);
      if (revoked === undefined) return undefined;
      await new AuditLog(tx).record({ actor, action: 'token.revoke', target: `token:${id}`, detail: { name: revoked.name, user: revoked.userId } });
      return revoked;
    });
  }

  /** The token that a user sent, when it is neither revoked nor past its time. */
  async find(secret: string): Promise<ApiToken | undefined> {
    if (!isTokenShaped(secret)) return undefined;
    const valid = and(
      eq(apiTokens.hash, hashOf(secret)),
      isNull(apiTokens.revokedAt),
      or(isNull(apiTokens.expiresAt), gt(apiTokens.expiresAt, sql`now()`)),
    );
    const [token] = await this.db.select(columns).from(apiTokens).where(valid);
    return token;
  }

  /** Notes that a token was used, unless that was noted within the last minute. */
  async noteUse(id: string): Promise<void> {
    const due = or(isNull(apiTokens.lastUsedAt), lt(apiTokens.lastUsedAt, sql`now() - interval '1 minute'`));
    await this.db.update(apiTokens).set({ lastUsedAt: sql`now()` }).where(and(eq(apiTokens.id, id), due));
  }
}

/** A token is as random as its hash: nothing is gained by a slow one. */
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
