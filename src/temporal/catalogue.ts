import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { CATALOGUE, catalogueId, type WorkerAnnouncement } from '../definition/messages.js';

const DEADLINE_MS = 5_000;
/** How often a worker looks whether the catalogue that knows it is still there. */
export const CATALOGUE_WATCH_MS = 5_000;
/** A catalogue of this age has heard from all workers that lost the one before it. */
export const CATALOGUE_SETTLES_MS = 2 * CATALOGUE_WATCH_MS;

/** An execution of the catalogue. One that continues another one as new has the first one's id as `first`. */
interface CatalogueExecution {
  runId: string;
  first: string;
  /** When this execution began: milliseconds since 1970. */
  began: number;
}

/**
 * The execution of the catalogue that runs; undefined when none does.
 * @throws the Temporal error when the server does not answer within five seconds.
 */
export async function runningCatalogue(client: Client, prefix: string): Promise<CatalogueExecution | undefined> {
  try {
    const { runId, status, startTime, raw } = await client.withAbortSignal(AbortSignal.timeout(DEADLINE_MS), () =>
      client.workflow.getHandle(catalogueId(prefix)).describe(),
    );
    if (status.name !== 'RUNNING') return undefined;
    return { runId, first: raw.workflowExecutionInfo?.firstRunId || runId, began: startTime.getTime() };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Whether the catalogue may lack workers that live: it was lost, and they have not yet had the time to notice. */
export async function isCatalogueYoung(client: Client, prefix: string): Promise<boolean> {
  const running = await runningCatalogue(client, prefix);
  return running === undefined || (running.first === running.runId && Date.now() - running.began < CATALOGUE_SETTLES_MS);
}

/**
 * What the live workers of a queue prefix offer; empty when none has ever announced itself.
 * @throws the Temporal error when the server, or an engine worker to ask, does not answer within five seconds.
 */
export async function readCatalogue(client: Client, prefix: string): Promise<WorkerAnnouncement[]> {
  try {
    const handle = client.workflow.getHandle(catalogueId(prefix));
    const all = await client.withDeadline(Date.now() + DEADLINE_MS, () =>
      handle.query<WorkerAnnouncement[]>(CATALOGUE.catalogue),
    );
    return all.filter((worker) => Date.parse(worker.expires_at) > Date.now());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}
