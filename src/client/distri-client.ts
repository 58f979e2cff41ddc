import { setMaxListeners } from 'node:events';
import type { Client } from '@temporalio/client';
import { DEFAULT_QUEUE_PREFIX, type WorkerAnnouncement } from '../definition/messages.js';
import { isEnded } from '../definition/snapshot.js';
import { actOnAll, type BulkResult } from './bulk.js';
import { liveWorkers, skillsOf, toolsOf, type SkillInfo, type ToolInfo } from './catalogue.js';
import { connectTemporal, type ConnectOptions } from './connect.js';
import type { RunInfo } from './info.js';
import { listRuns, listRunsPage, type RunFilter, type RunPage } from './list.js';
import { pingNamespace } from './rpc.js';
import { prepareRerun, type RerunOptions } from './rerun.js';
import type { RerunPlan } from '../definition/rerun.js';
import { Run } from './run.js';
import type { ClientWarning, Session } from './session.js';
import { Schedules } from './schedules.js';
import { startRun, type Started } from './start.js';
import { maxDefinitionBytes, type StartOptions } from './start-request.js';
import { signalConnectionsChanged, type Signalled } from './unblock.js';

/** Settings that are no matter of the connection. */
export interface ClientSettings {
  /** Prefix of the task queues; the engine's queue is named so. Default `distri`. */
  queuePrefix?: string;
  /** Told once about each thing that the client works around. Default: `process.emitWarning`. */
  onWarning?: (warning: ClientWarning) => void;
}

/**
 * Starts, finds, observes and answers runs. It needs a Temporal address and nothing else: no worker in this process,
 * no database.
 */
export class DistriClient {
  readonly #session: Session;
  readonly #close: AbortController;
  readonly #disconnect: () => Promise<void>;
  /** Schedules that start runs. */
  readonly schedules: Schedules;

  private constructor(session: Session, close: AbortController, disconnect: () => Promise<void>) {
    this.#session = session;
    this.#close = close;
    this.#disconnect = disconnect;
    this.schedules = new Schedules(session);
  }

  /**
   * Connects by options, the TEMPORAL_* variables and the Temporal profile file, in that order.
   * Throws `NO_TEMPORAL_SERVER` within about 10 s, `NAMESPACE_NOT_FOUND`, `TEMPORAL_UNAUTHORIZED`.
   */
  static async connect(options: ConnectOptions & ClientSettings = {}): Promise<DistriClient> {
    const { client, connection, address } = await connectTemporal(options);
    return DistriClient.#create(client, address, options, () => connection.close());
  }

  /** Uses a Temporal client that the caller has; `close` leaves its connection open. */
  static fromClient(client: Client, settings: ClientSettings = {}): DistriClient {
    const options: unknown = 'options' in client.connection ? client.connection.options : undefined;
    const known = typeof options === 'object' && options !== null && 'address' in options;
    return DistriClient.#create(client, known ? String(options.address) : 'the given connection', settings, async () => undefined);
  }

  static #create(client: Client, address: string, settings: ClientSettings, disconnect: () => Promise<void>): DistriClient {
    const close = new AbortController();
    // Each feed and each waiter listens.
    setMaxListeners(0, close.signal);
    const session: Session = {
      client,
      address,
      namespace: client.options.namespace,
      queuePrefix: settings.queuePrefix ?? DEFAULT_QUEUE_PREFIX,
      closed: close.signal,
      warn: settings.onWarning ?? (({ code, message }) => process.emitWarning(message, { code, type: 'DistriWarning' })),
      feeds: new Map(),
    };
    return new DistriClient(session, close, disconnect);
  }

  /** The namespace of the runs. */
  get namespace(): string {
    return this.#session.namespace;
  }

  /** `host:port` of the server. */
  get address(): string {
    return this.#session.address;
  }

  /** The prefix of the task queues. */
  get queuePrefix(): string {
    return this.#session.queuePrefix;
  }

  /** Bytes of compact JSON that a definition may have: more with external storage. */
  get maxDefinitionBytes(): number {
    return maxDefinitionBytes(this.#session);
  }

  /** The Temporal client underneath. */
  get temporal(): Client {
    return this.#session.client;
  }

  /** Throws `NO_TEMPORAL_SERVER` when the server does not answer, and what is wrong with the namespace. */
  async ping(): Promise<void> {
    await pingNamespace(this.#session);
  }

  /**
   * Validates a document and starts a run of it: a `WorkflowDocument`, one in its agent wrapper, or what `parseWorkflow`
   * gave. Any object type will do, since TypeScript widens the literals of a document that is kept in a variable. Throws
   * before anything starts: `InvalidDefinitionError`, `InvalidInputError`, `RunAlreadyExistsError`.
   */
  async start(definition: object, options: StartOptions = {}): Promise<Run> {
    return this.#started(await startRun(this.#session, definition, options));
  }

  /**
   * Starts a new run with the results of another one, ended or not; only what failed, had not ended, is named in `from`
   * or depends on what changed runs again. `dryRun` gives the plan instead and starts nothing. Throws as `start`,
   * `RunNotFoundError`, `UNKNOWN_STEP`, and `NOTHING_TO_RERUN` when no step would run.
   */
  rerun(runId: string, options: RerunOptions & { dryRun: true }): Promise<RerunPlan>;
  rerun(runId: string, options?: RerunOptions & { dryRun?: false }): Promise<Run>;
  async rerun(runId: string, { dryRun, ...options }: RerunOptions & { dryRun?: boolean } = {}): Promise<Run | RerunPlan> {
    const prepared = await prepareRerun(this.#session, runId, options);
    if (dryRun === true) return prepared.plan;
    return this.#started(await prepared.start());
  }

  #started({ runId, temporalRunId, startedWith }: Started): Run {
    return new Run(runId, temporalRunId, this.#session, startedWith);
  }

  /** A run by its id. Nothing is asked of the server before the first method of the run is called. */
  getRun(runId: string): Run {
    return new Run(runId, undefined, this.#session);
  }

  /**
   * Lists runs, newest first; a run that changed shows so after up to a few seconds. In a namespace without our search
   * attributes only the status of ended runs is known: other filters throw `SEARCH_ATTRIBUTES_MISSING`.
   */
  listRuns(filter: RunFilter = {}): AsyncIterable<RunInfo> {
    return { [Symbol.asyncIterator]: () => listRuns(this.#session, filter) };
  }

  /**
   * One page of what `listRuns` lists, of at most `limit` runs (default 200, at most 1,000), and where the next one begins:
   * pass that as `after`, with the same filter. A page may hold fewer runs, or none, and yet have a next one. Throws as
   * `listRuns`, and `BAD_REQUEST` for an `after` that is none.
   */
  async listRunsPage(filter: RunFilter = {}, after?: string): Promise<RunPage> {
    return listRunsPage(this.#session, filter, after);
  }

  /**
   * Asks many runs to cancel: those with these ids, or the open ones that a filter finds now. One that fails stops no
   * other. Throws as `listRuns`.
   */
  async cancelRuns(which: RunFilter | readonly string[], options: { reason?: string } = {}): Promise<BulkResult> {
    return actOnAll(this.#idsOf(which), async (runId) => {
      const run = this.getRun(runId);
      if (isEnded((await run.describe()).status)) return false;
      await run.cancel(options.reason);
      return true;
    });
  }

  /** Runs the failed steps of many runs again that hold for them, chosen as for `cancelRuns`. */
  async retryRuns(which: RunFilter | readonly string[]): Promise<BulkResult> {
    return actOnAll(this.#idsOf(which), async (runId) => (await this.getRun(runId).retryHeld()).length > 0);
  }

  async *#idsOf(which: RunFilter | readonly string[]): AsyncGenerator<string, void> {
    if ('length' in which) yield* which;
    else for await (const run of this.listRuns({ ...which, open: true })) yield run.run_id;
  }

  /** Tells the open runs that lack one of these skills to look again: they go on at once when it is there. */
  async connectionsChanged(skills: readonly string[]): Promise<Signalled> {
    return signalConnectionsChanged(this.#session, skills);
  }

  /** What each live worker offers. Throws `NO_WORKER` when there are workers but none answers for the engine. */
  async workers(): Promise<WorkerAnnouncement[]> {
    return liveWorkers(this.#session);
  }

  /** The skills that live workers serve, by name. Throws as `workers`. */
  async skills(): Promise<SkillInfo[]> {
    return skillsOf(await this.workers());
  }

  /** The tools that live workers have, by name. Throws as `workers`. */
  async tools(): Promise<ToolInfo[]> {
    return toolsOf(await this.workers());
  }

  /**
   * Ends all reading and waiting of this client, and its connection. Runs go on. Readers of events end where they are,
   * `result` throws an `AbortError`, which nobody needs to handle.
   */
  async close(): Promise<void> {
    this.#close.abort(new DOMException('The client was closed', 'AbortError'));
    await this.#disconnect();
  }
}
