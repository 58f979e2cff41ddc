import type { DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { hostname } from 'node:os';
import type { Connection, ConnectionSource } from '../activities/connection.js';
import type { WorkflowSource } from '../activities/workflow-source.js';
import { DistriError } from '../definition/errors.js';
import { LONGEST_GRACE_SECS } from '../definition/limits.js';
import { DEFAULT_QUEUE_PREFIX, MOST_STORED_BYTES } from '../definition/messages.js';
import { cut, isWellFormed, wellFormed } from '../definition/text.js';
import { loadTemporalConfig, type TemporalConfig, type TemporalOptions } from '../temporal/config.js';
import type { Tracing } from '../temporal/tracing.js';
import { checkDeployment, type Deployment } from './deployment.js';
import { createLogger } from './logger.js';
import type { ModelSettings } from './model.js';
import { ToolSet } from './tool-set.js';
import type { Tool } from './tool.js';
import type { WorkflowBundle } from './workflow-bundle.js';

/**
 * What a worker does and how it reaches Temporal. Without `address`, `namespace` and the like the TEMPORAL_* variables
 * and the profile file decide; nothing else is read from the environment.
 */
export interface WorkerOptions extends TemporalOptions {
  /** An open connection to use; the worker leaves it open. Without it the worker opens its own. */
  connection?: NativeConnection;
  /** Task queues are `<prefix>` and `<prefix>:<skill>`. Default `distri`. */
  queuePrefix?: string;
  /** Skills to serve. `all` (default): the natives, the skills of the tools and of the connections, new ones too. */
  skills?: readonly string[] | 'all';
  /** Whether to run workflows and requirement checks, besides the steps' activities. Default true. */
  engine?: boolean;
  /**
   * The deployment and build that this worker is of (Temporal's Worker Versioning): it gets work once its build is the
   * deployment's current or ramping one. Runs go on in whatever build is current. Default: a worker without a version.
   */
  deployment?: Deployment;
  /** Codec and external storage, the same as the clients': `createDataConverter`. Default: neither. */
  dataConverter?: DataConverter;
  /** The workflows' code. Default: the bundle that the package brings. */
  workflowBundle?: WorkflowBundle;
  tools?: readonly Tool[];
  /** Where the connections come from. Default: there are none. */
  connections?: ConnectionSource;
  /** Where `workflow` steps find the workflows that they name. Default: there are none. */
  workflows?: WorkflowSource;
  /** The model of `agent_run` steps. Without it native:agent is not served. */
  model?: ModelSettings;
  /** The system user that scripts run as. Default: the worker's own. */
  scriptUser?: string;
  /** Whether `api_call` may reach private addresses. Default `allow`. */
  httpPrivate?: 'allow' | 'deny';
  /** The proxy of `api_call`, e.g. `http://proxy:3128`. Default: none. */
  httpProxy?: string;
  /** The largest answer of an `api_call`, in bytes. */
  maxBodyBytes?: number;
  /** How this worker is called on Temporal and in the catalogue. Default `<pid>@<host>`. */
  identity?: string;
  /** Default: JSON lines on stderr, from level `info` on. */
  logger?: Logger;
  /** Serves /healthz, /readyz and /metrics there. Default: not at all. */
  metrics?: { host: string; port: number };
  /** Traces of runs and steps, as `openTracing` gives them. Default: none. */
  tracing?: Tracing;
  /** Most activities at once on each skill's queue. Default 100. */
  maxConcurrentActivities?: number;
  /** Seconds that running activities have to finish at shutdown, before they are handed back. Default 10. */
  shutdownGraceSecs?: number;
}

/** Options with their defaults, checked. */
export interface CompiledOptions {
  readonly temporal: TemporalConfig;
  readonly connection: NativeConnection | undefined;
  readonly prefix: string;
  readonly skills: readonly string[] | 'all';
  readonly engine: boolean;
  readonly deployment: Deployment | undefined;
  readonly dataConverter: DataConverter;
  /** Most bytes of a step's result as JSON when large payloads are stored outside the history; else the payload's limit counts. */
  readonly maxResultBytes: number | undefined;
  readonly workflowBundle: WorkflowBundle | undefined;
  readonly tools: ToolSet;
  readonly connections: ConnectionSource;
  readonly workflows: WorkflowSource | undefined;
  readonly model: ModelSettings | undefined;
  readonly scriptUser: string | undefined;
  readonly http: { privateAddresses: 'allow' | 'deny'; proxy?: string; maxBodyBytes?: number };
  readonly identity: string;
  readonly logger: Logger;
  readonly metrics: { host: string; port: number } | undefined;
  readonly tracing: Tracing | undefined;
  readonly maxConcurrentActivities: number;
  readonly shutdownGraceMs: number;
}

const NO_CONNECTIONS: ConnectionSource = {
  get: async () => undefined,
  list: async (): Promise<Connection[]> => [],
  isAbsent: async () => true,
};

let workers = 0;

/** The first worker of a process that starts again in its place (a container) has the same name again. */
function defaultIdentity(): string {
  workers += 1;
  return `${process.pid}@${hostname()}${workers > 1 ? `/${workers}` : ''}`;
}

/**
 * @throws DistriError `USAGE` for a value out of range, `BAD_TOOLS_FILE` for two tools of one name, and what
 *   {@link loadTemporalConfig} throws.
 */
export function compileOptions(options: WorkerOptions): CompiledOptions {
  const prefix = options.queuePrefix ?? DEFAULT_QUEUE_PREFIX;
  if (prefix === '' || prefix.length > 200 || !isWellFormed(prefix)) {
    throw new DistriError('USAGE', `'${wellFormed(cut(prefix, 200))}' cannot be a queue prefix: 1 to 200 characters of well-formed text are expected`);
  }
  return {
    temporal: loadTemporalConfig(options),
    connection: options.connection,
    prefix,
    skills: options.skills === undefined || options.skills === 'all' ? 'all' : [...new Set(options.skills)],
    engine: options.engine ?? true,
    deployment: options.deployment && checkDeployment(options.deployment),
    dataConverter: options.dataConverter ?? {},
    maxResultBytes: options.dataConverter?.externalStorage === undefined ? undefined : MOST_STORED_BYTES,
    workflowBundle: options.workflowBundle,
    tools: new ToolSet(options.tools ?? []),
    connections: options.connections ?? NO_CONNECTIONS,
    workflows: options.workflows,
    model: options.model,
    scriptUser: options.scriptUser,
    http: {
      privateAddresses: options.httpPrivate ?? 'allow',
      ...(options.httpProxy === undefined ? {} : { proxy: options.httpProxy }),
      ...(options.maxBodyBytes === undefined ? {} : { maxBodyBytes: atLeast(1, 'maxBodyBytes', options.maxBodyBytes) }),
    },
    identity: wellFormed(cut(options.identity ?? defaultIdentity(), 500)),
    logger: options.logger ?? createLogger(),
    metrics: options.metrics,
    tracing: options.tracing,
    maxConcurrentActivities: Math.floor(atLeast(1, 'maxConcurrentActivities', options.maxConcurrentActivities ?? 100)),
    shutdownGraceMs: graceSecs(options.shutdownGraceSecs ?? 10) * 1000,
  };
}

function graceSecs(secs: number): number {
  if (secs > LONGEST_GRACE_SECS) throw new DistriError('USAGE', `shutdownGraceSecs is ${secs}: at most ${LONGEST_GRACE_SECS}, a week, is expected`);
  return atLeast(0, 'shutdownGraceSecs', secs);
}

function atLeast(least: number, name: string, value: number): number {
  if (Number.isFinite(value) && value >= least) return value;
  throw new DistriError('USAGE', `${name} is ${value}: a number from ${least} on is expected`);
}
