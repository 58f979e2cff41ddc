import { messageOf } from '../definition/text.js';
import { createApp, type ServerDeps } from '../server/app.js';
import { DistriError } from '../definition/errors.js';
import type { Cleanup } from './cleanup.js';

/** Serves the HTTP API until the command ends; gives its URL. Port 0 takes a free one. Throws `PORT_IN_USE`. */
export async function startApi(deps: ServerDeps, at: { host: string; port: number }, cleanup: Cleanup): Promise<string> {
  const app = await createApp(deps);
  try {
    const url = await app.listen(at);
    cleanup.add(() => app.close());
    return url;
  } catch (cause) {
    await app.close();
    const reason = messageOf(cause);
    throw new DistriError('PORT_IN_USE', `The API cannot listen on ${at.host}:${at.port}: ${reason}`, {
      cause,
      hint: 'Choose another port with --port, or stop the program that has it.',
    });
  }
}
