import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import { fastify, type FastifyBaseLogger, type FastifyInstance, type RawServerDefault } from 'fastify';
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DistriClient } from '../client/index.js';
import type { OAuthClient } from '../connections/oauth.js';
import type { Store } from '../store/index.js';
import type { Authentication } from './auth/index.js';
import { addDeeds } from './audit.js';
import { addLocalGuard } from './auth/guard.js';
import { addAuthentication } from './authentication.js';
import { addBodyParser } from './body.js';
import { addConditions } from './conditions.js';
import { addErrors, answerError, answerUnreadable } from './errors.js';
import { REPLAYED_HEADER } from './idempotency.js';
import type { Authenticate } from './identity.js';
import { addLimits } from './limits.js';
import { addMetrics } from './metrics.js';
import { addOpenApi } from './openapi.js';
import { addRecorder } from './recorder.js';
import { childLoggerFactory } from './request-log.js';
import { routes } from './routes/index.js';
import { RunStarter } from './run-starter.js';

/** What the routes work with. */
export interface ServerDeps {
  readonly client: DistriClient;
  readonly store: Store;
  readonly authenticate: Authenticate;
  /** Asks for and renews accounts at their providers. */
  readonly oauth: OAuthClient;
  readonly logger: FastifyBaseLogger;
  readonly settings: ServerSettings;
}

export interface ServerSettings {
  readonly version: string;
  /** `local`: no login, everybody is the one local user. It must agree with `authenticate`. */
  readonly auth: Authentication['mode'];
  /** Where users reach the API, without a slash at its end: for the redirects of OAuth. */
  readonly publicUrl: string;
  /** Origins that browsers may call from; none: CORS is off. */
  readonly corsOrigins: readonly string[];
  /** Largest body in bytes. */
  readonly maxBodyBytes: number;
  /** Requests a user, or an address without one, may make a minute. */
  readonly requestsPerMinute: number;
  /** Whether the address of a request is what a proxy in front says it is. */
  readonly trustProxy: boolean;
  /** Whether everybody may read `/metrics`: on a server without login. Else it needs the scope `metrics`. */
  readonly metricsPublic: boolean;
  /** How often an event stream shows that it is alive. */
  readonly heartbeatMs: number;
  /** How often it is looked whether the reader of an event stream may still read it. */
  readonly recheckMs: number;
  /** How long a reader of an event stream may not read before it is cut off. */
  readonly slowReaderMs: number;
  /** How often runs that have ended are recorded in the database; undefined: another process does. */
  readonly recordEveryMs: number | undefined;
  /** How many days the recorder keeps ended runs, the audit log, and tokens that are good no more; undefined: for ever. */
  readonly retentionDays: number | undefined;
}

/** How often a server records ended runs. */
export const RECORD_EVERY_MS = 10_000;

export const DEFAULT_SETTINGS: ServerSettings = {
  version: '0.0.0',
  auth: 'tokens',
  publicUrl: 'http://127.0.0.1:4400',
  corsOrigins: [],
  maxBodyBytes: 8 * 1024 * 1024,
  requestsPerMinute: 6_000,
  trustProxy: false,
  metricsPublic: false,
  heartbeatMs: 15_000,
  recheckMs: 5_000,
  slowReaderMs: 60_000,
  recordEveryMs: undefined,
  retentionDays: undefined,
};

export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

/** A part of the API: adds its routes. */
export type Routes = (app: App, deps: ServerDeps) => void | Promise<void>;

/** Holds browsers to TLS where users come by it. Nothing is said of other hosts of the domain: they may have none. */
function helmetOptions({ publicUrl }: ServerSettings): FastifyHelmetOptions {
  const isTls = publicUrl.startsWith('https:');
  return {
    strictTransportSecurity: isTls && { maxAge: 31_536_000, includeSubDomains: false },
    contentSecurityPolicy: { directives: { 'script-src': ["'self'"], 'img-src': ["'self'", 'data:'], 'upgrade-insecure-requests': isTls ? [] : null } },
  };
}

/** The whole HTTP API, ready to listen. `close` ends open streams; what `deps` holds stays open. */
export async function createApp(deps: ServerDeps): Promise<App> {
  const { settings } = deps;
  const app: App = fastify({
    loggerInstance: deps.logger,
    bodyLimit: settings.maxBodyBytes,
    trustProxy: settings.trustProxy,
    childLoggerFactory,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    forceCloseConnections: true,
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    clientErrorHandler: answerUnreadable,
    routerOptions: { maxParamLength: 3_100 },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  // Answers are typed where they are made; validating each again would cost more than the rest of a request.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  addErrors(app);
  addConditions(app);
  addBodyParser(app);
  await app.register(helmet, helmetOptions(settings));
  if (settings.corsOrigins.length > 0) {
    await app.register(cors, { origin: [...settings.corsOrigins], methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'], exposedHeaders: ['etag', 'location', 'retry-after', REPLAYED_HEADER] });
  }
  if (settings.auth === 'local') addLocalGuard(app, settings);
  addAuthentication(app, deps.authenticate, await addLimits(app, settings));
  await addOpenApi(app, settings);
  addMetrics(app, deps);
  addDeeds(app, deps);
  app.decorate('starter', new RunStarter(deps.client, app.metrics));
  addRecorder(app, deps);
  for (const add of routes) await app.register(async (scope) => add(scope.withTypeProvider<ZodTypeProvider>(), deps));
  return app;
}
