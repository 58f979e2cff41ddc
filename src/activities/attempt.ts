import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Activity, ActivityContext, StepLog } from '../kinds/activity.js';
import { LONGEST_TIMER_MS } from '../kinds/deadline.js';
import { StepFailure } from '../kinds/failure.js';
import type { ActivityKindName } from '../kinds/index.js';
import { kinds } from '../kinds/index.js';
import type { Code } from '../definition/codes.js';
import { DEEPEST_VALUE, nestsWithin } from '../definition/depth.js';
import { isObject, own, type JsonValue } from '../definition/json.js';
import { LOST_WORKER_ATTEMPTS, MOST_INLINE_BYTES, type FailureDetails, type StepOutcome, type StepTask } from '../definition/messages.js';
import { resolve, resolveFields, valuesLookup, type Lookup } from '../definition/references.js';
import { failureType, messageOf } from '../definition/text.js';
import type { ConfigOf } from '../definition/types.js';
import type { Connection, ConnectionSource } from './connection.js';
import { idempotencyKey } from './idempotency-key.js';
import { maskOf, type Masker } from './mask.js';
import { isNamed } from './failure-names.js';
import { requiredConnections } from './required-connections.js';

const DEFAULT_ATTEMPTS = 3;
const HEARTBEAT_MS = 3_000;
const LONGEST_MESSAGE = 10_000;
/** What one step may tell its run of. */
const MOST_WARNINGS = 5;
const LONGEST_WARNING = 500;
/** Characters of the details of a failure, as JSON. */
const MOST_DETAILS = 100_000;
const LONGEST_DELAY_SECS = 365 * 24 * 60 * 60;

/** Failures that another attempt cannot mend, whatever the step's `retry` says. */
const PERMANENT = new Set<Code>(['CONNECTION_MISSING', 'CONNECTION_REJECTED', 'NO_CONNECTION_SOURCE', 'HTTP_REFUSED', 'TOOL_INPUT', 'RESULT_TOO_LARGE']);
/** Answers to a request that stays wrong however often it is made. */
const FINAL_STATUSES = new Set([400, 401, 403, 404, 405, 409, 410, 422]);
/** Failures for which the tool, and not the default of three attempts, says how often to try. */
const TOOL_DECIDES = new Set<Code>(['TOOL_FAILED', 'TOOL_NOT_FOUND', 'TIMED_OUT']);

/** What an attempt leaves for the next one: how many attempts ended by themselves, and the step's own details. */
interface Heartbeat {
  failures: number;
  details?: JsonValue;
}

export interface AttemptDeps {
  readonly connections: ConnectionSource;
  /** Most bytes of a result as JSON; by default what a Temporal payload holds without external storage. */
  readonly maxResultBytes?: number;
}

/** One attempt of a step on a worker. */
export class Attempt {
  readonly #context = Context.current();
  readonly #state: Heartbeat;
  readonly #timer: NodeJS.Timeout;
  readonly #deadline: AbortController | undefined;
  readonly #deadlineTimer: NodeJS.Timeout | undefined;
  #connections: Connection[] = [];
  #mask: Masker = maskOf([]);
  readonly #warnings: { code: Code; message: string }[] = [];

  constructor(
    private readonly task: StepTask,
    private readonly deps: AttemptDeps,
  ) {
    const last = this.#context.info.heartbeatDetails as Heartbeat | undefined;
    this.#state = isObject(last) ? { ...last } : { failures: 0 };
    this.#timer = setInterval(() => this.#beat(), HEARTBEAT_MS);
    if (task.timeout_secs !== undefined) {
      this.#deadline = new AbortController();
      this.#deadlineTimer = setTimeout(
        () => this.#deadline?.abort(this.#timedOut()),
        Math.min(task.timeout_secs * 1000, LONGEST_TIMER_MS),
      );
    }
  }

  /** Renders the task, runs the kind's code, and checks and masks what it gives. */
  async run<N extends ActivityKindName>(kind: N, code: Activity<ConfigOf<N>>): Promise<StepOutcome> {
    const { attempt } = this.#context.info;
    const lost = attempt - 1 - this.#state.failures;
    if (lost >= LOST_WORKER_ATTEMPTS) throw new StepFailure('WORKER_LOST', `The worker of the step was lost ${lost} times; see the workers' logs`);
    this.#connections = await requiredConnections(this.task.requires, this.deps.connections, this.task.owner);
    this.#mask = maskOf(this.#connections);
    const lookup = valuesLookup(this.task.values ?? {}, variablesOf(this.#connections));
    const config = resolveFields(this.task.kind, kinds[kind].textFields, lookup) as ConfigOf<N>;
    const running = code(config, this.#stepContext(lookup));
    const result = await (this.#deadline ? Promise.race([running, rejectOnAbort(this.#deadline.signal)]) : running);
    if (!nestsWithin(result, DEEPEST_VALUE)) throw tooDeep();
    const masked = this.#mask.value(result);
    const bytes = Buffer.byteLength(JSON.stringify(masked.value));
    const most = this.deps.maxResultBytes ?? MOST_INLINE_BYTES;
    if (bytes > most) throw tooLarge(bytes, most);
    return {
      result: masked.value,
      ...(masked.count > 0 ? { masked: masked.count } : {}),
      ...(attempt > 1 ? { attempts: attempt } : {}),
      ...(this.#warnings.length > 0 ? { warnings: this.#warnings } : {}),
    };
  }

  /** How Temporal is told of an error: masked, with our code as its type, retryable when another attempt may help. */
  failureOf(error: unknown): ApplicationFailure {
    const failure = error instanceof StepFailure ? error : new StepFailure('INTERNAL', messageOf(error), { cause: error });
    const { attempt } = this.#context.info;
    this.#state.failures += 1;
    const retryable = this.#mayRetry(failure);
    if (retryable) this.#beat();
    const most = retryable ? this.#mostAttempts(failure) : undefined;
    const details: FailureDetails = {
      attempts: attempt,
      ...(most === undefined ? {} : { max_attempts: most }),
      ...dataOf(failure, this.#mask),
    };
    return ApplicationFailure.create({
      type: failureType(failure.code),
      message: this.#mask.start(String(failure.message), LONGEST_MESSAGE),
      nonRetryable: !retryable,
      details: [details],
      ...(retryable ? delayOf(failure) : {}),
    });
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#deadlineTimer);
  }

  #mayRetry(failure: StepFailure): boolean {
    const { retry } = this.task;
    if (PERMANENT.has(failure.code) || failure.code === 'WORKER_LOST') return false;
    if (retry?.non_retryable !== undefined && isNamed(failure, retry.non_retryable)) return false;
    if (retry?.on !== undefined) return isNamed(failure, retry.on) && this.#state.failures < (retry.max_attempts ?? DEFAULT_ATTEMPTS);
    if (failure.status !== undefined && FINAL_STATUSES.has(failure.status)) return false;
    if (retry?.max_attempts !== undefined && failure.code !== 'TOOL_NOT_FOUND') return this.#state.failures < retry.max_attempts;
    return failure.retryable && (TOOL_DECIDES.has(failure.code) || this.#state.failures < DEFAULT_ATTEMPTS);
  }

  /** How many attempts there may be in all; those in which a worker was lost do not count against a step's own. */
  #mostAttempts(failure: StepFailure): number | undefined {
    const lost = this.#context.info.attempt - this.#state.failures;
    const own = this.task.retry?.max_attempts;
    if (own !== undefined && failure.code !== 'TOOL_NOT_FOUND') return own + lost;
    return TOOL_DECIDES.has(failure.code) ? failure.maxAttempts : DEFAULT_ATTEMPTS + lost;
  }

  #beat(): void {
    this.#context.heartbeat(this.#state);
  }

  #timedOut(): StepFailure {
    return new StepFailure('TIMED_OUT', `The step took longer than its ${this.task.timeout_secs} s (timeout_secs)`, {
      retryable: false,
    });
  }

  #stepContext(lookup: Lookup): ActivityContext {
    const { info, cancellationSignal } = this.#context;
    const runId = info.workflowExecution?.workflowId ?? '';
    const stepId = this.task.step_id ?? info.activityId;
    return {
      runId,
      workflowId: this.task.workflow_id,
      stepId,
      ...(this.task.index === undefined ? {} : { index: this.task.index }),
      attempt: info.attempt,
      idempotencyKey: idempotencyKey(runId, stepId, { index: this.task.index, rerun: this.task.rerun }),
      signal: this.#deadline ? AbortSignal.any([cancellationSignal, this.#deadline.signal]) : cancellationSignal,
      heartbeat: (details) => {
        if (details !== undefined) this.#state.details = this.#mask.value(details).value;
        this.#beat();
      },
      log: maskedLog(this.#context.log, this.#mask),
      mask: this.#mask,
      warn: (code, message) => {
        if (this.#warnings.length < MOST_WARNINGS) this.#warnings.push({ code, message: this.#mask.start(message, LONGEST_WARNING) });
      },
      connections: this.#connections,
      mapping: this.task.mapping === undefined ? undefined : resolve(this.task.mapping, lookup),
      context: this.task.context,
      ...(this.task.timeout_secs === undefined ? {} : { timeoutSecs: this.task.timeout_secs }),
    };
  }
}

/** Variables that the step's connections bring: `{env.X}`, and `{context.X}` when nothing nearer has an X. */
function variablesOf(connections: readonly Connection[]): Lookup {
  return (namespace, path) => {
    const [name] = path;
    if (path.length !== 1 || name === undefined || (namespace !== 'env' && namespace !== 'context')) return undefined;
    for (const { env, secrets } of connections) {
      const value = own(secrets, name) ?? own(env, name);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

/** The details of a failure, unless they are none that a failure can carry. */
function dataOf({ details }: StepFailure, mask: Masker): Pick<FailureDetails, 'data'> {
  try {
    const text = JSON.stringify(details) as string | undefined;
    return text === undefined || text.length > MOST_DETAILS ? {} : { data: mask.value(JSON.parse(text) as JsonValue).value };
  } catch {
    return {};
  }
}

function delayOf({ retryAfterSecs }: StepFailure): { nextRetryDelay?: number } {
  if (typeof retryAfterSecs !== 'number' || !(retryAfterSecs >= 0)) return {};
  return { nextRetryDelay: Math.min(retryAfterSecs, LONGEST_DELAY_SECS) * 1000 };
}

function tooDeep(): StepFailure {
  return new StepFailure(
    'RESULT_TOO_LARGE',
    `The result of the step is nested more than ${DEEPEST_VALUE} levels deep. Let the step return a flatter value.`,
  );
}

function tooLarge(bytes: number, most: number): StepFailure {
  return new StepFailure(
    'RESULT_TOO_LARGE',
    `The result of the step is ${bytes} bytes; ${most} fit into a Temporal payload. ` +
      'Let the step return less, or store the data elsewhere and return where it is.',
  );
}

function maskedLog(log: Context['log'], masker: Masker): StepLog {
  const mask = (message: string): string => masker.text(message);
  const maskFields = (fields: { [key: string]: JsonValue } | undefined): Record<string, unknown> | undefined =>
    fields && (masker.value(fields).value as Record<string, unknown>);
  return {
    debug: (message, fields) => void log.debug(mask(message), maskFields(fields)),
    info: (message, fields) => void log.info(mask(message), maskFields(fields)),
    warn: (message, fields) => void log.warn(mask(message), maskFields(fields)),
    error: (message, fields) => void log.error(mask(message), maskFields(fields)),
  };
}
