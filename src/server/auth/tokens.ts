import { createHash } from 'node:crypto';
import { DistriError } from '../../definition/errors.js';
import { storeError } from '../../store/errors.js';
import type { ApiToken, TokenStore } from '../../store/tokens.js';
import { identity, isScope, type Identity } from '../identity.js';

/** A revoked token is refused that long after at the latest. */
export const TOKEN_CACHE_MS = 10_000;
/** How long what the store said last counts while it does not answer: nobody can revoke a token then either. */
export const TOKEN_OUTAGE_MS = 15 * 60_000;
/** How often the store is asked for a token while it does not answer. */
const OUTAGE_ASK_MS = 1_000;
const USE_NOTED_MS = 60_000;
const MOST_CACHED = 10_000;

interface Known {
  /** When the store is asked again. */
  readonly until: number;
  /** When the store was asked last and answered. */
  readonly asked: number;
  /** Rejects when the store does not answer. */
  readonly token: Promise<ApiToken | undefined>;
}

/**
 * Who sends an API token. What the store said of a token counts for 10 s, so that load costs it no query a request: a token
 * may be good for as long after it was revoked. Tokens end on time. In an outage of the store, tokens that it knew shortly before
 * remain good for a quarter of an hour, so that runs can be followed and steered.
 */
export class TokenAuthenticator {
  /** By the hash of the token, oldest first. */
  readonly #known = new Map<string, Known>();

  constructor(private readonly tokens: Pick<TokenStore, 'find' | 'noteUse'>) {}

  /** Undefined for a token that is unknown, revoked or past its time. Throws `STORE_UNAVAILABLE`. */
  async identify(secret: string): Promise<Identity | undefined> {
    const token = await this.#find(secret);
    if (token === undefined || (token.expiresAt !== null && token.expiresAt.getTime() <= Date.now())) return undefined;
    return identity(token.userId, token.scopes.filter(isScope), token.expiresAt ?? undefined);
  }

  #find(secret: string): Promise<ApiToken | undefined> {
    const key = createHash('sha256').update(secret).digest('base64');
    const known = this.#known.get(key);
    const now = Date.now();
    if (known !== undefined && known.until > now) return known.token;
    const token = this.#ask(secret).catch((error: unknown) => this.#inOutage(key, known, error));
    this.#remember(key, { until: now + TOKEN_CACHE_MS, asked: now, token });
    return token;
  }

  /** What the store said before, when that was not long ago. */
  async #inOutage(key: string, before: Known | undefined, error: unknown): Promise<ApiToken> {
    this.#known.delete(key);
    const isOutage = storeError(error) instanceof DistriError;
    const token = isOutage && before !== undefined && before.asked + TOKEN_OUTAGE_MS > Date.now() ? await before.token : undefined;
    if (before === undefined || token === undefined) throw error;
    this.#remember(key, { ...before, until: Date.now() + OUTAGE_ASK_MS });
    return token;
  }

  #remember(key: string, known: Known): void {
    this.#known.delete(key);
    this.#known.set(key, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_CACHED && oldest !== undefined) this.#known.delete(oldest);
  }

  async #ask(secret: string): Promise<ApiToken | undefined> {
    const token = await this.tokens.find(secret);
    if (token === undefined) return undefined;
    // When it was used is told to its user; that is worth no failed request.
    if ((token.lastUsedAt?.getTime() ?? 0) < Date.now() - USE_NOTED_MS) this.tokens.noteUse(token.id).catch(() => undefined);
    return token;
  }
}
