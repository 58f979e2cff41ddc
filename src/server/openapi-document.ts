import { pino } from 'pino';
import { createApp, DEFAULT_SETTINGS, type ServerDeps } from './app.js';

/** The description of the API, without a database or a Temporal server: routes are set up and nothing is asked of them. */
export async function openApiDocument(): Promise<object> {
  const nothing = { client: unasked(), store: unasked(), oauth: unasked() } as Pick<ServerDeps, 'client' | 'store' | 'oauth'>;
  const app = await createApp({ ...nothing, authenticate: async () => undefined, logger: pino({ level: 'silent' }), settings: DEFAULT_SETTINGS });
  try {
    await app.ready();
    return app.swagger();
  } finally {
    await app.close();
  }
}

/** What routes may take parts of when they are set up. */
function unasked(): unknown {
  return new Proxy(() => undefined, { get: () => unasked() });
}
