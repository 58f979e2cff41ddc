import type { FastifyRequest } from 'fastify';
import type { DistriClient } from '../../../client/index.js';
import type { JsonObject } from '../../../definition/json.js';
import type { Store } from '../../../store/index.js';
import type { App } from '../../app.js';
import type { EventStreams } from '../../event-streams.js';
import type { RunAccess } from '../../run-access.js';
import type { RunStarter } from '../../run-starter.js';

/** What the routes about runs share. */
export interface RunContext {
  readonly client: DistriClient;
  readonly store: Store;
  readonly access: RunAccess;
  readonly starter: RunStarter;
  readonly streams: EventStreams;
  /** Notes in the audit log what was done to a run, as `DeedLog` does. */
  readonly note: (request: FastifyRequest, operation: string, runId: string, detail?: JsonObject) => void;
}

/** Some of the routes about runs. */
export type RunRoutes = (app: App, context: RunContext) => void;

/** Scopes and OpenAPI tag of the routes. */
export const READ = { access: 'runs:read' } as const;
export const WRITE = { access: 'runs:write' } as const;
export const TAGS = ['runs'];
