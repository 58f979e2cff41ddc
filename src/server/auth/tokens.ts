import { createHash } from 'node:crypto';
import { DistriError } from '../../definition/errors.js';
import { storeError } from '../../store/errors.js';
import { isTokenShaped, type ApiToken, type TokenStore } from '../../store/tokens.js';
import { identity, isScope, type Identity } from '../identity.js';

/** A revoked token is refused that long after at the latest. */
export const TOKEN_CACHE_MS = 10_000;
/** How long what the store said last counts while it does not answer: nobody can revoke a token then either. */
export const TOKEN_OUTAGE_MS = 15 * 60_000;
/** How often the store is asked for a token while it does not answer. */
const OUTAGE_ASK_MS = 1_000;
const USE_NOTED_MS = 60_000;
const MOST_KNOWN = 10_000;
const MOST_UNKNOWN = 1_000;

/** A token that there is, or was when the store was asked last. */
interface Known {
  /** When the store is asked again. */
  readonly until: number;
  /** When the store was asked last and answered. */
  readonly asked: number;
  readonly token: ApiToken;
}

/**
 * Who sends an API token. What the store said of a token counts for 10 s, so that load costs it no query a request: a token
 * may be good for as long after it was revoked. Tokens end on time. In an outage of the store, tokens that it knew shortly before
 * remain good for a quarter of an hour, so that runs can be followed and steered. However many wrong tokens are sent, the good
 * ones stay known.
 */
export class TokenAuthenticator {
  /** By the hash of the token, oldest first. */
  readonly #known = new Map<string, Known>();
  /** Until when tokens count as unknown, by their hash, oldest first. */
  readonly #unknown = new Map<string, number>();
  /** What the store is being asked for. */
  readonly #asking = new Map<string, Promise<ApiToken | undefined>>();

  constructor(private readonly tokens: Pick<TokenStore, 'find' | 'noteUse'>) {}

  /**
   * Undefined for a token that is unknown, revoked or past its time. Throws `STORE_UNAVAILABLE`, and what `mayAsk` throws, which
   * is awaited before the store is asked for a token that was not good before.
   */
  async identify(secret: string, mayAsk: () => Promise<void> = async () => undefined): Promise<Identity | undefined> {
    if (!isTokenShaped(secret)) return undefined;
    const token = await this.#find(secret, mayAsk);
    if (token === undefined || (token.expiresAt !== null && token.expiresAt.getTime() <= Date.now())) return undefined;
    return identity(token.userId, token.scopes.filter(isScope), token.expiresAt ?? undefined);
  }

  async #find(secret: string, mayAsk: () => Promise<void>): Promise<ApiToken | undefined> {
    const key = createHash('sha256').update(secret).digest('base64');
    const now = Date.now();
    const known = this.#known.get(key);
    if (known !== undefined && known.until > now) return known.token;
    if ((this.#unknown.get(key) ?? 0) > now) return undefined;
    const asking = this.#asking.get(key) ?? this.#ask(key, secret, known, mayAsk).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #ask(key: string, secret: string, before: Known | undefined, mayAsk: () => Promise<void>): Promise<ApiToken | undefined> {
    if (before === undefined) await mayAsk();
    const asked = Date.now();
    let token: ApiToken | undefined;
    try {
      token = await this.tokens.find(secret);
    } catch (error) {
      return this.#inOutage(key, before, error);
    }
    this.#known.delete(key);
    if (token === undefined) {
      remember(this.#unknown, key, asked + TOKEN_CACHE_MS, MOST_UNKNOWN);
      return undefined;
    }
    remember(this.#known, key, { until: asked + TOKEN_CACHE_MS, asked, token }, MOST_KNOWN);
    // When it was used is told to its user; that is worth no failed request.
    if ((token.lastUsedAt?.getTime() ?? 0) < asked - USE_NOTED_MS) this.tokens.noteUse(token.id).catch(() => undefined);
    return token;
  }

  /** What the store said before, when that was not long ago. */
  #inOutage(key: string, before: Known | undefined, error: unknown): ApiToken {
    const isOutage = storeError(error) instanceof DistriError;
    if (!isOutage || before === undefined || before.asked + TOKEN_OUTAGE_MS <= Date.now()) throw error;
    remember(this.#known, key, { ...before, until: Date.now() + OUTAGE_ASK_MS }, MOST_KNOWN);
    return before.token;
  }
}

function remember<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
