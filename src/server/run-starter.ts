import type { DistriClient, Run, RunStatus, StartOptions } from '../client/index.js';
import { DistriError, RunAlreadyExistsError } from '../definition/errors.js';
import { catalogueId } from '../definition/messages.js';
import { cut } from '../definition/text.js';
import { Gate } from './gate.js';
import { idempotencyKeyOf, requestHashOf, runIdOfKey, type KeyHeaders } from './idempotency.js';
import type { Metrics } from './metrics.js';
import { ifThere } from './run-access.js';

/** A request to start a run. */
export interface StartRequest {
  readonly user: string;
  readonly headers: KeyHeaders;
  /** The id that the caller chose. */
  readonly runId: string | undefined;
  /** All that the request asks for: what is sent again with the same key must be the same. */
  readonly asked: object;
  /** Starts the run with these options besides its own. */
  readonly start: (options: Pick<StartOptions, 'owner' | 'runId' | 'requestHash'>) => Promise<Run>;
}

/** What a start is answered with. */
export interface StartedRun {
  run_id: string;
  workflow_id: string;
  version?: string | number;
  definition_hash?: string;
  status: RunStatus;
}

export interface StartAnswer {
  readonly run: StartedRun;
  /** The run was started by an earlier request with the same key. */
  readonly isReplay: boolean;
}

/**
 * Ids that are made of something: of triggers and keys, those of children, and Temporal's own. Who took one before would keep
 * what it is for from starting, whoever's that is.
 */
const RESERVED: readonly { readonly ids: RegExp; readonly rule: string }[] = [
  {
    ids: /^(?:run-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-)/i,
    rule: 'it must not begin with the id of a workflow and a dash, nor with run- and a UUID',
  },
  { ids: /\//, rule: 'it must not have a slash, as the ids of the runs of workflow steps do' },
  { ids: /^temporal-sys-/, rule: 'it must not begin with temporal-sys-' },
];
const LONGEST_SHOWN = 100;
const AT_ONCE = 64;
const MOST_WAITING = 256;

declare module 'fastify' {
  interface FastifyInstance {
    starter: RunStarter;
  }
}

/** Starts the runs that come over HTTP: each key once, and not more at once than the server bears. */
export class RunStarter {
  readonly #gate = new Gate(AT_ONCE, MOST_WAITING);

  constructor(
    readonly client: DistriClient,
    readonly metrics: Metrics,
  ) {}

  /** @throws DistriError `BAD_REQUEST`, `OVERLOADED`, `IDEMPOTENCY_KEY_REUSED`, `RUN_ALREADY_EXISTS`, and what the start throws */
  async start(request: StartRequest): Promise<StartAnswer> {
    const key = idempotencyKeyOf(request.headers);
    if (key !== undefined && request.runId !== undefined) {
      throw new DistriError('BAD_REQUEST', 'A request with an Idempotency-Key cannot choose the run id, which follows from the key', { hint: 'Leave out one of them: a run id, too, is given only once.' });
    }
    if (request.runId !== undefined) this.#checkFree(request.runId);
    return this.#gate.run(() => (key === undefined ? this.#startAnew(request, request.runId) : this.#startOnce(request, key)));
  }

  #checkFree(runId: string): void {
    const rule = runId === catalogueId(this.client.queuePrefix) ? 'the catalogue of the workers has it' : RESERVED.find(({ ids }) => ids.test(runId))?.rule;
    if (rule === undefined) return;
    throw new DistriError('BAD_REQUEST', `The run id '${cut(runId, LONGEST_SHOWN)}' could be one that is made here: ${rule}`, { hint: 'Leave it out; an Idempotency-Key, too, sees to it that a run is started once.' });
  }

  async #startOnce(request: StartRequest, key: string): Promise<StartAnswer> {
    const runId = runIdOfKey(request.user, key);
    const requestHash = requestHashOf(request.asked);
    // First, so that a request sent again is answered also when what it started can no longer be started.
    const before = await this.#replay(request.user, runId, requestHash);
    if (before !== undefined) return before;
    try {
      return await this.#startAnew(request, runId, requestHash);
    } catch (error) {
      if (!(error instanceof RunAlreadyExistsError)) throw error;
      const other = await this.#replay(request.user, runId, requestHash);
      if (other === undefined) throw error;
      return other;
    }
  }

  /** Starts a run that no user asked for by a request of theirs. @throws DistriError `OVERLOADED`, and what the start throws */
  async startTriggered(start: () => Promise<Run>): Promise<Run> {
    return this.#gate.run(() => this.#counted(start));
  }

  async #counted(start: () => Promise<Run>): Promise<Run> {
    const run = await start();
    this.metrics.runsStarted.inc();
    return run;
  }

  async #startAnew({ user, start }: StartRequest, runId: string | undefined, requestHash?: string): Promise<StartAnswer> {
    const run = await this.#counted(() => start({ owner: user, ...(runId === undefined ? {} : { runId }), ...(requestHash === undefined ? {} : { requestHash }) }));
    return { run: { run_id: run.id, ...(run.startedWith ?? { workflow_id: '' }), status: 'running' }, isReplay: false };
  }

  /** The run that the key has started already, if it has. */
  async #replay(user: string, runId: string, requestHash: string): Promise<StartAnswer | undefined> {
    const run = await this.client.getRun(runId).describe().catch(ifThere);
    if (run === undefined) return undefined;
    if (run.owner !== user || run.request_hash !== requestHash) {
      throw new DistriError('IDEMPOTENCY_KEY_REUSED', 'The Idempotency-Key was used before, for another request', { hint: 'Use a new key for each new request; send the same body again to repeat one.' });
    }
    const { workflow_id, version, definition_hash, status } = run;
    return {
      run: { run_id: runId, workflow_id, ...(version === undefined ? {} : { version }), ...(definition_hash === undefined ? {} : { definition_hash }), status },
      isReplay: true,
    };
  }
}
