import type { Client } from '@temporalio/client';
import type { Code } from '../definition/codes.js';
import type { RunFeed } from './feed.js';

/** Something that the client worked around and that its user can put right. */
export interface ClientWarning {
  code: Code;
  message: string;
}

/** What every part of the client shares. */
export interface Session {
  readonly client: Client;
  /** `host:port` of the server, for messages. */
  readonly address: string;
  readonly namespace: string;
  readonly queuePrefix: string;
  /** Aborted when the client is closed. */
  readonly closed: AbortSignal;
  warn(warning: ClientWarning): void;
  /** One feed per observed run, however many readers it has. */
  readonly feeds: Map<string, RunFeed>;
}
