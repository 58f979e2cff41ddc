import { type NativeConnection, Worker, type WorkerOptions as TemporalWorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/index.js';
import type { AwaitChildren } from '../activities/await-children.js';
import { createEngineActivities } from '../activities/engine.js';
import type { RequirementsActivities } from '../activities/requirements.js';
import { skillQueue } from '../definition/messages.js';
import { deploymentOptions } from './deployment.js';
import type { WorkerMetrics } from './metrics.js';
import type { CompiledOptions } from './options.js';
import { kindsOn } from './skills.js';
import { wellFormedFailures } from './well-formed-failures.js';
import { workflowBundle } from './workflow-bundle.js';

/** After the grace time activities are canceled; what has not ended by then is left behind. */
const CLEAN_UP_MS = 15_000;
/** A cancel reaches an activity with the answer to a heartbeat: so often one is sent at most. */
const HEARTBEAT_MS = 1_000;
/** So long a workflow task waits for the worker that had the run, which may be dead, before any may take it. */
const STICKY_MS = 5_000;

/**
 * Large payloads take the sandbox long on a busy machine, and Node does not always survive the SDK's way of ending a turn
 * after 5 s. The server ends it, too: after the workflow task's 10 s.
 */
const LONGER_TURNS = { isolateExecutionTimeout: '30 seconds' };

/** Makes the Temporal Workers of one process, which share a connection and the steps' activities. */
export class WorkerFactory {
  readonly #options: CompiledOptions;
  readonly #connection: NativeConnection;
  readonly #activities: ReturnType<typeof createActivities>;

  constructor(options: CompiledOptions, connection: NativeConnection, metrics: WorkerMetrics | undefined) {
    this.#options = options;
    this.#connection = connection;
    const { connections, tools, model, http, scriptUser, maxResultBytes } = options;
    this.#activities = createActivities({
      connections,
      tools,
      http,
      script: {
        ...(scriptUser === undefined ? {} : { user: scriptUser }),
        ...(maxResultBytes === undefined ? {} : { maxOutputBytes: maxResultBytes }),
      },
      ...(maxResultBytes === undefined ? {} : { maxResultBytes }),
      ...(model === undefined ? {} : { model }),
      ...(metrics === undefined ? {} : { observe: metrics.observe }),
    });
  }

  /** The Worker that runs the workflows and looks after their requirements. */
  async engine(requirements: RequirementsActivities, await_children: AwaitChildren): Promise<Worker> {
    const { workflows, maxResultBytes } = this.#options;
    return Worker.create({
      ...this.#common(this.#options.prefix),
      workflowBundle: this.#options.workflowBundle ?? (await workflowBundle(this.#options.tracing)),
      ...(maxResultBytes === undefined ? {} : LONGER_TURNS),
      activities: {
        ...requirements,
        ...createEngineActivities({ storage: maxResultBytes !== undefined, ...(workflows ? { workflows } : {}) }),
        await_children,
      },
      stickyQueueScheduleToStartTimeout: STICKY_MS,
    });
  }

  /** The Worker of a skill's queue; `served` are all skills of this process. */
  async skill(skill: string, served: readonly string[]): Promise<Worker> {
    const names = kindsOn(skill, served);
    return Worker.create({
      ...this.#common(skillQueue(this.#options.prefix, skill)),
      activities: Object.fromEntries(names.map((name) => [name, this.#activities[name]])),
      maxConcurrentActivityTaskExecutions: this.#options.maxConcurrentActivities,
    });
  }

  #common(taskQueue: string): TemporalWorkerOptions {
    const { temporal, identity, deployment, shutdownGraceMs, dataConverter, tracing } = this.#options;
    return {
      taskQueue,
      connection: this.#connection,
      namespace: temporal.namespace,
      identity,
      ...(deployment === undefined ? {} : { workerDeploymentOptions: deploymentOptions(deployment) }),
      dataConverter,
      ...(tracing && { plugins: [tracing.plugin] }),
      interceptors: { activity: [wellFormedFailures] },
      maxHeartbeatThrottleInterval: HEARTBEAT_MS,
      defaultHeartbeatThrottleInterval: HEARTBEAT_MS,
      shutdownGraceTime: shutdownGraceMs,
      shutdownForceTime: shutdownGraceMs + CLEAN_UP_MS,
    };
  }
}
