import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { createPollers } from '../activities/pollers.js';
import { createAwaitChildren } from '../activities/await-children.js';
import { createRequirements, type RequirementsActivities } from '../activities/requirements.js';
import { DistriError } from '../definition/errors.js';
import { skillQueue } from '../definition/messages.js';
import { removeLeftovers } from '../kinds/script/leftovers.js';
import { tellBlockedRuns } from '../temporal/blocked-runs.js';
import { isCatalogueYoung, readCatalogue } from '../temporal/catalogue.js';
import { toTemporalError } from '../temporal/errors.js';
import { ensureSearchAttributes } from '../temporal/search-attributes.js';
import { Announcer } from './announce.js';
import { answers, connect } from './connect.js';
import { connectionSkills, watchConnections } from './connection-queues.js';
import { findFreePort } from './free-port.js';
import { WorkerGroup } from './group.js';
import { startHealthServer, type HealthServer } from './health.js';
import { installRuntime } from './logger.js';
import { readCoreMetrics, WorkerMetrics } from './metrics.js';
import { compileOptions, type CompiledOptions, type WorkerOptions } from './options.js';
import { allSkills, checkSkills } from './skills.js';
import { WorkerFactory } from './workers.js';

/** A worker that is ready to run. Several may live in one process. */
export interface DistriWorker {
  /** Skills whose queues it polls; with `skills: 'all'` those of new connections are added. */
  readonly skills: readonly string[];
  readonly identity: string;
  /** Where /healthz, /readyz and /metrics are, when they were asked for. */
  readonly metricsUrl: string | undefined;
  /** Whether every queue is polled. */
  readonly isRunning: boolean;
  /** Polls until `shutdown()`; rejects when a part of the worker fails, after the others have been shut down. */
  run(): Promise<void>;
  /**
   * Stops polling, lets running activities finish for `shutdownGraceSecs`, hands the rest back, and closes what the
   * worker opened. Resolves when all that is done, also when called twice. Call it on SIGTERM.
   */
  shutdown(): Promise<void>;
}

/**
 * Connects to Temporal and prepares one Temporal Worker for each skill, and one for the workflows unless `engine` is
 * false. Nothing is polled before `run()`.
 *
 * @throws DistriError `USAGE`, `BAD_SKILL`, `UNKNOWN_NATIVE_SKILL`, `NO_TEMPORAL_SERVER`, `NAMESPACE_NOT_FOUND`,
 *   `TEMPORAL_UNAUTHORIZED`, `BAD_TOOLS_FILE`, `BAD_CONNECTIONS_FILE` or `PORT_IN_USE`
 */
export async function createWorker(options: WorkerOptions = {}): Promise<DistriWorker> {
  const compiled = compileOptions(options);
  if (compiled.skills !== 'all') checkSkills(compiled.skills, abilities(compiled));
  const coreMetrics = compiled.metrics === undefined ? undefined : `127.0.0.1:${await findFreePort()}`;
  const installed = installRuntime(compiled.logger, coreMetrics);
  const worker = new SkillWorkers(compiled, await connect(compiled), installed ? coreMetrics : undefined);
  try {
    await worker.prepare();
    return worker;
  } catch (error) {
    await worker.shutdown();
    throw toTemporalError(error, compiled.temporal);
  }
}

function abilities({ tools, model }: CompiledOptions) {
  return { tools, model: model !== undefined };
}

/** What a log may say of an error: our own hold no secrets, what another one holds is not known. */
function told(error: unknown): { reason: string; code?: string; hint?: string } {
  if (!(error instanceof DistriError)) return { reason: error instanceof Error ? error.name : 'unknown' };
  const { code, message, hint } = error;
  return { reason: message, code, ...(hint === undefined ? {} : { hint }) };
}

class SkillWorkers implements DistriWorker {
  readonly #options: CompiledOptions;
  readonly #connection: NativeConnection;
  readonly #client: Client;
  readonly #group = new WorkerGroup();
  readonly #served = new Set<string>();
  readonly #metrics: WorkerMetrics | undefined;
  readonly #coreMetrics: string | undefined;
  readonly #factory: WorkerFactory;
  readonly #announcer: Announcer;
  #health: HealthServer | undefined;
  #endWatch: (() => Promise<void>) | undefined;
  #stopped: Promise<void> | undefined;
  readonly #stopping = new AbortController();

  constructor(options: CompiledOptions, connection: NativeConnection, coreMetrics: string | undefined) {
    this.#options = options;
    this.#connection = connection;
    this.#coreMetrics = coreMetrics;
    const { temporal, identity, dataConverter } = options;
    this.#client = new Client({ connection, namespace: temporal.namespace, identity, dataConverter });
    this.#metrics = options.metrics === undefined ? undefined : new WorkerMetrics(() => this.#activitiesRunning());
    this.#factory = new WorkerFactory(options, connection, this.#metrics);
    this.#announcer = new Announcer({
      client: this.#client,
      prefix: options.prefix,
      identity: options.identity,
      skills: () => [...this.#served],
      tools: options.tools.entries(),
      logger: options.logger,
    });
  }

  get skills(): readonly string[] {
    return [...this.#served];
  }

  get identity(): string {
    return this.#options.identity;
  }

  get metricsUrl(): string | undefined {
    return this.#health?.url;
  }

  get isRunning(): boolean {
    return this.#group.isRunning;
  }

  async prepare(): Promise<void> {
    const { connections, skills, engine, prefix, metrics } = this.#options;
    const found = await connectionSkills(connections);
    for (const skill of skills === 'all' ? allSkills(abilities(this.#options), found) : skills) this.#served.add(skill);
    if (this.#served.has('native:shell')) await removeLeftovers();
    await Promise.all([...this.#served].map((skill) => this.#addSkill(skill)));
    if (engine) {
      await this.#group.add(prefix, await this.#factory.engine(this.#requirements(), createAwaitChildren(this.#client)));
      await this.#addSearchAttributes();
    }
    await this.#warnOfSecrets();
    await this.#announcer.start();
    if (metrics !== undefined) this.#health = await startHealthServer(metrics, this.#checks());
  }

  async run(): Promise<void> {
    if (this.#options.skills === 'all' && this.#endWatch === undefined) this.#endWatch = this.#watch();
    this.#options.logger.info({ skills: this.skills, engine: this.#options.engine, identity: this.identity }, 'Worker runs');
    try {
      const ended = this.#group.run();
      void this.#tellBlockedRuns(this.skills);
      await ended;
    } finally {
      await this.shutdown();
    }
  }

  shutdown(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#endWatch?.();
    await Promise.all([this.#announcer.withdraw(), this.#group.stop()]);
    await this.#health?.close();
    if (this.#options.connection === undefined) {
      await this.#connection.close().catch((error: unknown) => {
        this.#options.logger.warn({ reason: String(error) }, 'The connection to Temporal could not be closed');
      });
    }
    this.#options.logger.info({ identity: this.identity }, 'Worker has stopped');
  }

  async #addSkill(skill: string): Promise<void> {
    await this.#group.add(skillQueue(this.#options.prefix, skill), await this.#factory.skill(skill, this.skills));
  }

  #watch(): () => Promise<void> {
    return watchConnections({
      source: this.#options.connections,
      served: this.#served,
      logger: this.#options.logger,
      serve: async (skills) => {
        for (const skill of skills) {
          await this.#addSkill(skill);
          this.#served.add(skill);
        }
        this.#options.logger.info({ skills }, 'Serves the queues of new connections');
        await this.#announcer.renew();
        void this.#tellBlockedRuns(skills);
      },
    });
  }

  /** Runs that were blocked for the want of these skills go on at once; should that fail, they look by themselves later. */
  async #tellBlockedRuns(skills: readonly string[]): Promise<void> {
    const failed = (error: unknown): void => {
      if (this.#stopped === undefined) this.#options.logger.warn({ reason: String(error) }, 'Blocked runs could not be told what this worker offers');
    };
    await tellBlockedRuns({ client: this.#client, skills, ended: this.#stopping.signal, repeats: true, failed }).catch(failed);
  }

  #requirements(): RequirementsActivities {
    const { tools, connections, temporal, prefix, deployment, logger } = this.#options;
    return createRequirements({
      ownSkills: this.#served,
      toolSkill: (name) => tools.get(name)?.skill,
      connections,
      pollers: createPollers({ connection: this.#connection, namespace: temporal.namespace, prefix, deployment }),
      catalogue: () => readCatalogue(this.#client, prefix),
      isCatalogueYoung: () => isCatalogueYoung(this.#client, prefix),
      onUnreadable: (skill, error) => logger.warn({ skill, ...told(error) }, 'A connection cannot be read: the steps that need it are blocked'),
    });
  }

  async #addSearchAttributes(): Promise<void> {
    const { temporal, logger } = this.#options;
    if ((await ensureSearchAttributes(this.#connection, temporal.namespace)) === 'unavailable') {
      logger.warn({ namespace: temporal.namespace }, 'The namespace lacks the search attributes and they cannot be added');
    }
  }

  async #warnOfSecrets(): Promise<void> {
    const { connections, scriptUser, logger } = this.#options;
    if (!this.#served.has('native:shell') || scriptUser !== undefined) return;
    const secret = (await connections.list()).some((each) => Object.keys({ ...each.secrets, ...each.headers }).length > 0);
    if (secret) {
      logger.warn('This worker runs scripts and holds secrets of connections, which its scripts could read: set a script user');
    }
  }

  #activitiesRunning(): [string, number][] {
    return [...this.#served].map((skill) => {
      const worker = this.#group.queues.get(skillQueue(this.#options.prefix, skill));
      return [skill, worker?.getStatus().numInFlightNonLocalActivities ?? 0];
    });
  }

  #checks() {
    return {
      notReady: async () => {
        if (!this.isRunning) return 'not every queue is polled';
        return (await answers(this.#connection)) ? undefined : `the Temporal server at ${this.#options.temporal.address} does not answer`;
      },
      metrics: async () => {
        const own = (await this.#metrics?.registry.metrics()) ?? '';
        return this.#coreMetrics === undefined ? own : own + (await readCoreMetrics(this.#coreMetrics));
      },
    };
  }
}
