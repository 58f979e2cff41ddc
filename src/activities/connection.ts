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

/** Where connections come from: a file now, the store later. Read afresh at each call. */
export interface ConnectionSource {
  get(skill: string): Promise<Connection | undefined>;
  list(): Promise<Connection[]>;
}
