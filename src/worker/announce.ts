import { type Client, WorkflowIdConflictPolicy } from '@temporalio/client';
import type { Logger } from 'pino';
import {
  ANNOUNCEMENT_TTL_SECS,
  CATALOGUE,
  CATALOGUE_WORKFLOW_TYPE,
  catalogueId,
  type ToolEntry,
  type WorkerAnnouncement,
} from '../definition/messages.js';
import { cut } from '../definition/text.js';
import { CATALOGUE_WATCH_MS, runningCatalogue } from '../temporal/catalogue.js';
import { within } from './within.js';

/** An announcement counts for two hours: several renewals in a row may fail. */
const RENEW_MS = 30 * 60 * 1000;
const DEADLINE_MS = 5_000;
const WITHDRAW_DEADLINE_MS = 2_000;
const MAX_BYTES = 1024 * 1024;
const MAX_DESCRIPTION_CHARS = 2_000;

export interface AnnouncerDeps {
  readonly client: Client;
  readonly prefix: string;
  readonly identity: string;
  skills(): string[];
  readonly tools: readonly ToolEntry[];
  readonly logger: Logger;
}

/** Tells the catalogue what this worker offers: when it starts, when that changes, every half hour, and when the catalogue is another one. */
export class Announcer {
  readonly #deps: AnnouncerDeps;
  readonly #tools: ToolEntry[];
  #timer: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #looking = false;
  /** The executions of the catalogue, and the first ones of their chains, that know this worker. */
  #knownTo = new Set<string>();

  constructor(deps: AnnouncerDeps) {
    this.#deps = deps;
    this.#tools = fit(deps.tools);
  }

  /** Rejects with the Temporal error when the server does not take the first announcement. */
  async start(): Promise<void> {
    await this.#announce(inTwoHours());
    this.#timer = setInterval(() => void this.renew(), RENEW_MS);
    this.#timer.unref();
    this.#watch = setInterval(() => void this.#look(), CATALOGUE_WATCH_MS);
    this.#watch.unref();
  }

  /** Announces afresh. A failure is logged: the next one is at most half an hour away, and the last one counts for longer. */
  async renew(): Promise<void> {
    try {
      await this.#announce(inTwoHours());
    } catch (error) {
      this.#deps.logger.warn({ reason: String(error) }, 'The catalogue could not be told what this worker offers');
    }
  }

  /** Takes this worker out of the catalogue; gives up after two seconds, for it would expire by itself. */
  async withdraw(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    clearInterval(this.#watch);
    try {
      await this.#announce(new Date(0), WITHDRAW_DEADLINE_MS);
    } catch (error) {
      this.#deps.logger.debug({ reason: String(error) }, 'The catalogue could not be told that this worker stops');
    }
  }

  /** A catalogue that somebody ended or deleted knew this worker; the one that took its place does not. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const { client, prefix, logger } = this.#deps;
      const running = await runningCatalogue(client, prefix);
      if (this.#timer === undefined) return;
      if (running !== undefined && (this.#knownTo.has(running.runId) || this.#knownTo.has(running.first))) {
        this.#knownTo = new Set([running.runId, running.first]);
        return;
      }
      logger.info('The catalogue is another one than before: it is told what this worker offers');
      await this.renew();
    } catch (error) {
      this.#deps.logger.debug({ reason: String(error) }, 'The catalogue could not be looked at');
    } finally {
      this.#looking = false;
    }
  }

  async #announce(expires: Date, deadlineMs = DEADLINE_MS): Promise<void> {
    const { client, prefix, identity } = this.#deps;
    const announcement: WorkerAnnouncement = {
      identity,
      skills: this.#deps.skills(),
      tools: expires.getTime() > Date.now() ? this.#tools : [],
      expires_at: expires.toISOString(),
    };
    const signaled = client.workflow.signalWithStart(CATALOGUE_WORKFLOW_TYPE, {
      workflowId: catalogueId(prefix),
      taskQueue: prefix,
      args: [],
      signal: CATALOGUE.announce,
      signalArgs: [announcement],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      staticSummary: `Skills and tools of the workers of ${prefix}`,
    });
    const { signaledRunId } = await within(deadlineMs, signaled);
    this.#knownTo.add(signaledRunId);
  }
}

function inTwoHours(): Date {
  return new Date(Date.now() + ANNOUNCEMENT_TTL_SECS * 1000);
}

function size(tool: ToolEntry): number {
  return Buffer.byteLength(JSON.stringify(tool));
}

/** The tools with short descriptions, and without the largest schemas when they do not fit one signal together. */
function fit(tools: readonly ToolEntry[]): ToolEntry[] {
  const fitting = tools.map(({ description, ...tool }) => ({
    ...tool,
    ...(description === undefined ? {} : { description: cut(description, MAX_DESCRIPTION_CHARS) }),
  }));
  let total = fitting.reduce((sum, tool) => sum + size(tool), 0);
  for (const tool of [...fitting].sort((a, b) => size(b) - size(a))) {
    if (total <= MAX_BYTES) break;
    const before = size(tool);
    delete tool.input_schema;
    delete tool.output_schema;
    total -= before - size(tool);
  }
  return fitting;
}
