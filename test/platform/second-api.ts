import { pino } from 'pino';
import { inject } from 'vitest';
import { DistriClient } from '../../src/client/index.js';
import { OAuthClient } from '../../src/connections/oauth.js';
import { loadProviders } from '../../src/connections/providers.js';
import { createApp, DEFAULT_SETTINGS, type ServerSettings } from '../../src/server/app.js';
import { authenticateLocal } from '../../src/server/identity.js';
import type { Platform } from './stage.js';

/** What a test does with another process of the API: it shares nothing with the first but the database and Temporal. */
export interface Api {
  readonly url: string;
  readonly client: DistriClient;
  close(): Promise<void>;
}

/** Another API beside that of a platform, as after a restart; everybody is the local admin there. */
export async function openSecondApi({ store, queuePrefix }: Platform, settings: Partial<ServerSettings> = {}): Promise<Api> {
  const client = await DistriClient.connect({ address: inject('temporalAddress'), queuePrefix });
  const oauth = new OAuthClient(await loadProviders());
  const app = await createApp({ client, store, oauth, authenticate: authenticateLocal, logger: pino({ level: 'silent' }), settings: { ...DEFAULT_SETTINGS, ...settings } });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    client,
    close: async () => {
      await app.close();
      await client.close();
    },
  };
}
