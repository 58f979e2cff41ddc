import type { Connection } from '../../activities/connection.js';

/** What is shown in place of a secret. */
export const MASK = '•••';

/** A connection as it is shown: what is secret is masked. */
export type MaskedConnection = Pick<Connection, 'skill' | 'permissions' | 'env' | 'secrets' | 'headers' | 'hosts'> & {
  readonly expires_at?: string | undefined;
  /** Of the database. Absent when it is shared. */
  readonly owner?: string | undefined;
  /** Of the database. */
  readonly status?: string;
};

/** Secrets of these names, as they are shown. */
export function masked(names: readonly string[]): { [name: string]: string } {
  return Object.fromEntries(names.map((name) => [name, MASK]));
}
