import type { DistriClient, Run } from '../../client/index.js';
import { isEnded } from '../../definition/snapshot.js';
import { withCleanup } from '../cleanup.js';
import type { Context } from '../context.js';
import { EXIT } from '../errors.js';
import { openClient, requireServer, type Server } from '../server.js';
import { printJson } from '../terminal.js';

/** Does something with a client of the server that is configured or runs in the folder. */
export async function withClient(context: Context, work: (client: DistriClient, server: Server) => Promise<number>): Promise<number> {
  return withCleanup(async (cleanup) => {
    const server = await requireServer(context);
    return work(await openClient(context, server, cleanup), server);
  });
}

/** Tells that it is done: a document on stdout with `--json`, else a sentence on stderr. */
export function sayDone({ terminal }: Context, document: object, text: string): number {
  if (terminal.json) printJson(terminal, document);
  else terminal.say(text);
  return EXIT.completed;
}

/** For a command that ends a run: tells that it has ended already, which is what was wanted. Undefined: it has not. */
export async function sayEndedAlready(context: Context, run: Run, document: object): Promise<number | undefined> {
  const { status } = await run.describe();
  if (!isEnded(status)) return undefined;
  return sayDone(context, { run_id: run.id, ...document, status }, `Run ${run.id} has ended already, as ${status}: nothing was done.`);
}
