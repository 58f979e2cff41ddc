import { createHash } from 'node:crypto';
import type { ApiToken, TokenStore } from '../../store/tokens.js';
import { identity, isScope, type Identity } from '../identity.js';

/** A revoked token is refused that long after at the latest. */
export const TOKEN_CACHE_MS = 10_000;
const USE_NOTED_MS = 60_000;
const MOST_CACHED = 10_000;

interface Known {
  readonly until: number;
  /** Rejects when the store does not answer. */
  readonly token: Promise<ApiToken | undefined>;
}

/**
 * Who sends an API token. What the store said of a token counts for 10 s, so that load costs it no query a request: a token
 * may be good for as long after it was revoked. Tokens end on time.
 */
export class TokenAuthenticator {
  /** By the hash of the token, oldest first. */
  readonly #known = new Map<string, Known>();

  constructor(private readonly tokens: Pick<TokenStore, 'find' | 'noteUse'>) {}

  /** Undefined for a token that is unknown, revoked or past its time. Throws `STORE_UNAVAILABLE`. */
  async identify(secret: string): Promise<Identity | undefined> {
    const token = await this.#find(secret);
    if (token === undefined || (token.expiresAt !== null && token.expiresAt.getTime() <= Date.now())) return undefined;
    return identity(token.userId, token.scopes.filter(isScope));
  }

  #find(secret: string): Promise<ApiToken | undefined> {
    const key = createHash('sha256').update(secret).digest('base64');
    const known = this.#known.get(key);
    if (known !== undefined && known.until > Date.now()) return known.token;
    const token = this.#ask(secret);
    this.#known.delete(key);
    this.#known.set(key, { until: Date.now() + TOKEN_CACHE_MS, token });
    token.catch(() => this.#known.delete(key));
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_CACHED && oldest !== undefined) this.#known.delete(oldest);
    return token;
  }

  async #ask(secret: string): Promise<ApiToken | undefined> {
    const token = await this.tokens.find(secret);
    if (token === undefined) return undefined;
    // When it was used is told to its user; that is worth no failed request.
    if ((token.lastUsedAt?.getTime() ?? 0) < Date.now() - USE_NOTED_MS) this.tokens.noteUse(token.id).catch(() => undefined);
    return token;
  }
}
