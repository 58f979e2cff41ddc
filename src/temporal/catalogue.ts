import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { CATALOGUE, catalogueId, type WorkerAnnouncement } from '../definition/messages.js';

const DEADLINE_MS = 5_000;

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
