import { setTimeout as sleep } from 'node:timers/promises';
import type { DistriClient } from '../../client/index.js';

const CHECK_MS = 3_000;
const ANSWER_MS = 3_000;

/**
 * Tells when the Temporal server stops answering and when it answers again, until the signal is aborted. Whoever reads
 * the run's events needs no telling: they go on by themselves.
 */
export async function watchServer(client: DistriClient, say: (text: string) => void, signal: AbortSignal): Promise<void> {
  for (let lost = false; ; ) {
    await sleep(CHECK_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const answers = await isAlive(client);
    if (signal.aborted) return;
    if (!answers && !lost) say(`The Temporal server at ${client.address} does not answer; watching goes on when it is back.`);
    if (answers && lost) say(`The Temporal server at ${client.address} is back.`);
    lost = !answers;
  }
}

async function isAlive({ temporal }: DistriClient): Promise<boolean> {
  try {
    await temporal.withDeadline(Date.now() + ANSWER_MS, () => temporal.workflowService.getSystemInfo({}));
    return true;
  } catch {
    return false;
  }
}
