import { createHash } from 'node:crypto';
import { and, eq, gt, lt, sql, type SQL } from 'drizzle-orm';
import type { Db } from './database.js';
import type { Sealer } from './seal.js';
import { oauthStates } from './tables.js';

/** How long a user has for a consent. */
export const CONSENT_MINUTES = 10;

/** A consent that is under way. */
export interface Consent {
  /** Whose connection it makes. */
  readonly owner: string;
  readonly skill: string;
  readonly provider: string;
  /** What the connection must have. */
  readonly permissions: readonly string[];
  /** Where the browser goes afterwards. */
  readonly returnTo: string | undefined;
  readonly secrets: ConsentSecrets;
}

/** What nobody but the server may know of a consent. */
export interface ConsentSecrets {
  /** Who asked for it, which need not be the owner. */
  readonly actor: string;
  /** Of PKCE. */
  readonly verifier: string;
  /** What the browser that began it must send. */
  readonly browser: string;
  /** Who opened its address was told whose connection it makes, and goes on. */
  readonly confirmed?: true;
  /** What the provider was asked for, more than `permissions` perhaps. */
  readonly scopes: readonly string[];
}

/** Consents between the redirect to a provider and the way back. */
export class OAuthStateStore {
  constructor(
    private readonly db: Db,
    private readonly sealer: Sealer,
  ) {}

  /** Keeps a consent under its state, and clears away those whose time is over. Throws `BAD_SECRET_KEY`. */
  async add(state: string, { owner, skill, provider, permissions, returnTo, secrets }: Consent): Promise<void> {
    const stateHash = hashOf(state);
    await this.db.delete(oauthStates).where(lt(oauthStates.expiresAt, sql`now()`));
    await this.db.insert(oauthStates).values({
      stateHash,
      owner,
      skill,
      provider,
      permissions: [...permissions],
      sealed: this.sealer.seal(JSON.stringify(secrets), stateHash),
      returnTo: returnTo ?? null,
      expiresAt: sql`now() + make_interval(mins => ${CONSENT_MINUTES})`,
    });
  }

  /** The consent of a state, which stays. Undefined when there is none, or its time is over. Throws `BAD_SECRET_KEY`. */
  async find(state: string): Promise<Consent | undefined> {
    const [row] = await this.db.select().from(oauthStates).where(isOpen(state));
    return row && this.#consentOf(row);
  }

  /** Takes a consent away: a state is good once. Undefined when there is none, or its time is over. Throws `BAD_SECRET_KEY`. */
  async take(state: string): Promise<Consent | undefined> {
    const [row] = await this.db.delete(oauthStates).where(isOpen(state)).returning();
    return row && this.#consentOf(row);
  }

  #consentOf({ stateHash, ...row }: typeof oauthStates.$inferSelect): Consent {
    const { owner, skill, provider, permissions, returnTo, sealed } = row;
    const secrets = JSON.parse(this.sealer.open(sealed, stateHash)) as ConsentSecrets;
    return { owner, skill, provider, permissions, returnTo: returnTo ?? undefined, secrets };
  }
}

function isOpen(state: string): SQL | undefined {
  return and(eq(oauthStates.stateHash, hashOf(state)), gt(oauthStates.expiresAt, sql`now()`));
}

function hashOf(state: string): string {
  return createHash('sha256').update(state).digest('hex');
}
