import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { SIGNALS, WORKFLOW_TYPE, type ConnectionsChanged } from '../definition/messages.js';
import { keyword } from '../definition/text.js';
import { lacksAttributes, quoted } from './visibility.js';

/** Visibility lags, so the runs are listed again this long after the first time. */
const AGAIN_AFTER_MS = [2_000, 10_000];
const CALL_TIMEOUT_MS = 10_000;
const AT_ONCE = 20;
/** One listing tells no more runs than this: those that are left look by themselves, or hear of the next worker. */
const MOST_RUNS = 2_000;
const PAGE = 200;
/** A visibility query is short: more skills are asked for one group after another. */
const SKILLS_AT_ONCE = 50;

/** Runs that were told about skills. */
export interface Signalled {
  /** Runs told by the first listing. */
  signalled: number;
  /** Resolves, never rejects, when the later listings are through; after 10 s, or when `ended` is aborted. */
  settled: Promise<void>;
}

/** What is told, and who hears of a later listing that failed. */
export interface Telling {
  readonly client: Client;
  readonly skills: readonly string[];
  readonly ended: AbortSignal;
  /** Whether runs that are still listed later are told again: a worker is about to poll, and may do so after they have looked. */
  readonly repeats?: boolean;
  failed(error: unknown): void;
}

/** Tells each open run that lacks one of the skills to look again. Throws the server's error when the first listing fails. */
export async function tellBlockedRuns(telling: Telling): Promise<Signalled> {
  const told = new Set<string>();
  await tell(telling, told);
  return { signalled: told.size, settled: tellAgain(telling, told) };
}

async function tellAgain(telling: Telling, told: Set<string>): Promise<void> {
  const { ended } = telling;
  const begun = Date.now();
  for (const after of AGAIN_AFTER_MS) {
    await sleep(Math.max(0, begun + after - Date.now()), undefined, { signal: ended, ref: false }).catch(() => undefined);
    if (ended.aborted) return;
    if (telling.repeats) told.clear();
    await tell(telling, told).catch((error: unknown) => telling.failed(error));
  }
}

async function tell({ client, skills }: Telling, told: Set<string>): Promise<void> {
  const queue = new Set<string>();
  for (let from = 0; from < skills.length; from += SKILLS_AT_ONCE) {
    for await (const runId of lacking(client, skills.slice(from, from + SKILLS_AT_ONCE))) {
      if (!told.has(runId)) queue.add(runId);
      if (queue.size >= MOST_RUNS) break;
    }
  }
  const message: ConnectionsChanged = { skills: [...skills] };
  const runIds = queue.values();
  const work = async (): Promise<void> => {
    for (const runId of runIds) {
      // A run that has ended since it was listed needs no telling.
      await inTime(client, () => client.workflow.getHandle(runId).signal(SIGNALS.connectionsChanged, message)).then(
        () => told.add(runId),
        () => undefined,
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Ids of the open runs that lack one of the skills; in a namespace that cannot tell, of all open runs. */
async function* lacking(client: Client, skills: readonly string[]): AsyncGenerator<string, void> {
  const open = `WorkflowType = ${quoted(WORKFLOW_TYPE)} AND ExecutionStatus = 'Running'`;
  const lacks = skills.map((skill) => `DistriMissingSkills = ${quoted(keyword(skill))}`).join(' OR ');
  try {
    yield* list(client, `${open} AND (${lacks})`);
  } catch (error) {
    if (!lacksAttributes(error)) throw error;
    yield* list(client, open);
  }
}

async function* list(client: Client, query: string): AsyncGenerator<string, void> {
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const request = { namespace: client.options.namespace, query, pageSize: PAGE, ...(nextPageToken ? { nextPageToken } : {}) };
    const page = await inTime(client, () => client.workflowService.listWorkflowExecutions(request));
    for (const { execution } of page.executions ?? []) if (execution?.workflowId) yield execution.workflowId;
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
}

/** An abort, since on a worker's connection a deadline ends one try only. */
function inTime<T>(client: Client, call: () => Promise<T>): Promise<T> {
  return client.withAbortSignal(AbortSignal.timeout(CALL_TIMEOUT_MS), call);
}
