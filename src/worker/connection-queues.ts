import type { Logger } from 'pino';
import type { ConnectionSource } from '../activities/connection.js';
import { messageOf } from '../definition/text.js';
import { canBeServed } from './skills.js';

const LOOK_EVERY_MS = 2_000;

/** Skills of the connections that can have a queue, each once. */
export async function connectionSkills(source: ConnectionSource): Promise<string[]> {
  const connections = await source.list();
  return [...new Set(connections.map((connection) => connection.skill))].filter(canBeServed);
}

/**
 * Looks for connections that were added since, every two seconds, and calls `serve` with the skills that `served` lacks.
 * Connections that cannot be read are logged once and looked at again. Returns what ends it.
 */
export function watchConnections(deps: {
  source: ConnectionSource;
  served: ReadonlySet<string>;
  serve(skills: string[]): Promise<void>;
  logger: Logger;
}): () => Promise<void> {
  let problem: string | undefined;
  let looking = Promise.resolve();
  let timer: NodeJS.Timeout;
  let ended = false;

  const look = async (): Promise<void> => {
    try {
      const fresh = (await connectionSkills(deps.source)).filter((skill) => !deps.served.has(skill));
      if (fresh.length > 0 && !ended) await deps.serve(fresh);
      problem = undefined;
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== problem) deps.logger.warn({ reason }, 'Queues for new connections cannot be served');
      problem = reason;
    }
    if (!ended) again();
  };
  const again = (): void => {
    timer = setTimeout(() => {
      looking = look();
    }, LOOK_EVERY_MS);
    timer.unref();
  };

  again();
  return async () => {
    ended = true;
    clearTimeout(timer);
    await looking;
  };
}
