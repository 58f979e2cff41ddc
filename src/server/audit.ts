import type { FastifyBaseLogger } from 'fastify';
import type { AuditEntry, AuditLog } from '../store/audit.js';
import type { App, ServerDeps } from './app.js';

declare module 'fastify' {
  interface FastifyInstance {
    deeds: DeedLog;
  }
}

/** Entries that wait while the database is slow; one statement takes them all. */
const MOST_WAITING = 5_000;

/**
 * Notes in the audit log what was done on Temporal. That is done already, so nobody waits for the entry, and an outage of the
 * store fails nothing: what cannot be noted is in the log of the server. What is done in the store itself is noted there, in
 * the same transaction.
 */
export class DeedLog {
  readonly #waiting: AuditEntry[] = [];
  #written = Promise.resolve();

  constructor(
    private readonly audit: Pick<AuditLog, 'record'>,
    private readonly logger: Pick<FastifyBaseLogger, 'error'>,
  ) {}

  /** Those that come while others are being written go with the next statement. */
  note(entry: AuditEntry): void {
    if (this.#waiting.length >= MOST_WAITING) return this.#lost([entry], 'too many wait for the database');
    if (this.#waiting.push(entry) === 1) this.#written = this.#written.then(() => this.#write());
  }

  /** Resolves when all that has been noted so far is written, or is in the log of the server. */
  async flush(): Promise<void> {
    await this.#written;
  }

  async #write(): Promise<void> {
    const entries = this.#waiting.splice(0);
    await this.audit.record(...entries).catch((error: unknown) => this.#lost(entries, String(error)));
  }

  #lost(entries: readonly AuditEntry[], reason: string): void {
    for (const entry of entries) this.logger.error({ entry, reason }, 'What was done could not be noted in the audit log');
  }
}

/** Lets routes note what they did on Temporal, and writes the last of it when the server closes. */
export function addDeeds(app: App, { store, logger }: Pick<ServerDeps, 'store' | 'logger'>): void {
  const deeds = new DeedLog(store.audit, logger);
  app.decorate('deeds', deeds);
  app.addHook('onClose', () => deeds.flush());
}
