/** An account or credential that steps may require, as an activity sees it at the last moment. */
export interface Connection {
  /** e.g. `google:drive` */
  skill: string;
  /** Scopes that it has. */
  permissions: string[];
  /** Plain variables, seen as `{env.X}` by the steps that require the connection. */
  env: { [name: string]: string };
  /** Secret variables: seen the same way, masked wherever they would be repeated. */
  secrets: { [name: string]: string };
  /** Authorization added to requests to `hosts` and to no others; the values are secrets. */
  headers: { [name: string]: string };
  hosts: string[];
  /** Changes whenever the connection does: a step that was rejected goes on when it differs. */
  revision: string;
  /** ISO 8601; past that it counts as missing. */
  expires_at?: string;
}

/** A connection as a source lists it. A source of many owners tells neither names nor values of secrets. */
export type ListedConnection = Pick<Connection, 'skill'> & Partial<Pick<Connection, 'secrets' | 'headers'>>;

/** Where connections come from: a file, or the store. Read afresh at each call. */
export interface ConnectionSource {
  /**
   * The connection that a run of this owner uses: the owner's own, else one that everybody may use. A run without an owner
   * uses the latter only. A source without owners, such as a file, gives everybody the same.
   */
  get(skill: string, owner?: string): Promise<Connection | undefined>;
  /** Why a connection that is there counts as missing to this owner; undefined when there is none. Asked after a `get` that found nothing. */
  problem?(skill: string, owner?: string): Promise<string | undefined>;
  /** Those of all owners. */
  list(): Promise<readonly ListedConnection[]>;
  /** A service did not accept this revision of the connection that `get` gave. A source that can renew it does so at the next `get`. */
  rejected?(skill: string, revision: string, owner?: string): Promise<void>;
  /**
   * Whether connections have no place here at all, such as a file that has never been there: a step that requires one
   * fails then instead of waiting for it. Default: they have.
   */
  isAbsent?(): Promise<boolean>;
}
