import type { Connection, ConnectionSource, ListedConnection } from '../activities/connection.js';
import type { ConnectionRow, ConnectionStore, LockedConnection } from '../store/connections.js';
import { credentialsOf } from './credentials.js';
import { throwStoreError } from '../store/errors.js';
import { RefreshRefusedError, type OAuthClient } from './oauth.js';
import { Turns } from './turns.js';

/** A token is renewed that long before its end, so that it does not end on its way. */
const EARLY_MS = 60_000;
/** A younger token is not rejected because it has ended: another one would be rejected too. */
const SETTLED_MS = 60_000;
/** Each renewal under way holds a database connection while its provider answers, or does not: the others are the steps'. */
const MOST_RENEWALS = 3;
/** How often a connection is read again that was replaced while it was being renewed. */
const MOST_READS = 3;

export interface StoreConnectionsDeps {
  readonly connections: ConnectionStore;
  readonly oauth: OAuthClient;
}

/**
 * The connections of the store, for workers that have a database. Nothing is remembered between two calls: a run that is
 * told of a change finds it. Secrets are decrypted here, within an activity. An access token that is about to end is
 * renewed first, once among all workers, and so is one that a service rejected; a connection whose renewal was refused is broken and
 * counts as missing.
 */
export class StoreConnections implements ConnectionSource {
  /** Renewals under way in this process, by the connection's id: those who wait for one need no database connection each. */
  readonly #renewals = new Map<string, Promise<ConnectionRow | undefined>>();
  readonly #turns = new Turns(MOST_RENEWALS);

  constructor(private readonly deps: StoreConnectionsDeps) {}

  /** @throws DistriError `STORE_UNAVAILABLE`, `BAD_SECRET_KEY`, or `PROVIDER_FAILED` for an ended token that cannot be renewed now */
  async get(skill: string, owner?: string): Promise<Connection | undefined> {
    for (let read = 0; read < MOST_READS; read += 1) {
      const row = await this.deps.connections.find(skill, owner).catch(throwStoreError);
      if (row === undefined || row.status === 'broken') return undefined;
      const current = this.#isDue(row) ? await this.#renewed(row.id) : row;
      if (current !== undefined) return current.status === 'broken' ? undefined : this.#connectionOf(current);
    }
    throw new Error(`The connection ${skill} is replaced again and again`);
  }

  /** Its renewal was refused: it is broken until its user connects again. */
  async problem(skill: string, owner?: string): Promise<string | undefined> {
    const row = await this.deps.connections.find(skill, owner).catch(throwStoreError);
    if (row?.status !== 'broken') return undefined;
    return `is broken and must be connected again${row.problem === null ? '' : `: ${row.problem}`}`;
  }

  async list(): Promise<ListedConnection[]> {
    const skills = await this.deps.connections.skills().catch(throwStoreError);
    // Whoever can read the store and decrypt it holds secrets, whatever they are called.
    return skills.map((skill) => ({ skill, secrets: { [skill]: '' } }));
  }

  /** A token that can be renewed has ended, also when its provider told no time: it is renewed when it is next wanted. */
  async rejected(skill: string, revision: string, owner?: string): Promise<void> {
    const row = await this.deps.connections.find(skill, owner).catch(throwStoreError);
    if (row === undefined || row.revision !== revision || row.updatedAt.getTime() + SETTLED_MS > Date.now()) return;
    if (this.deps.connections.open(row).refreshToken !== undefined) await this.deps.connections.endToken(row).catch(throwStoreError);
  }

  #connectionOf(row: ConnectionRow): Connection {
    const { secrets, headers, refreshToken } = this.deps.connections.open(row);
    const { skill, permissions, env, hosts, revision, expiresAt } = row;
    return {
      skill,
      permissions,
      env,
      secrets: { ...secrets },
      headers: { ...headers },
      hosts,
      revision,
      ...(expiresAt === null || refreshToken !== undefined ? {} : { expires_at: expiresAt.toISOString() }),
    };
  }

  #isDue(row: ConnectionRow): boolean {
    if (row.expiresAt === null || row.expiresAt.getTime() - EARLY_MS > Date.now()) return false;
    return this.deps.connections.open(row).refreshToken !== undefined;
  }

  #renewed(id: string): Promise<ConnectionRow | undefined> {
    const known = this.#renewals.get(id);
    if (known !== undefined) return known;
    const renewal = this.#turns.take(() => this.#renew(id)).finally(() => this.#renewals.delete(id));
    this.#renewals.set(id, renewal);
    return renewal;
  }

  async #renew(id: string): Promise<ConnectionRow | undefined> {
    return this.deps.connections.locked(id, async (locked) => {
      // Another worker may have been faster.
      if (locked.row.status === 'broken' || !this.#isDue(locked.row)) return locked.row;
      return this.#renewLocked(locked);
    });
  }

  async #renewLocked({ row, renew, breakIt }: LockedConnection): Promise<ConnectionRow> {
    const { connections, oauth } = this.deps;
    const before = connections.open(row);
    try {
      const provider = oauth.providers.get(row.provider);
      const tokens = await oauth.refresh(provider, before.refreshToken ?? '');
      return await renew(credentialsOf(provider, tokens, before), tokens.expiresAt);
    } catch (error) {
      if (error instanceof RefreshRefusedError) return breakIt(error.message);
      // It does for as long as it lasts, and by then the provider may answer again.
      if (row.expiresAt !== null && row.expiresAt.getTime() > Date.now()) return row;
      throw error;
    }
  }
}
