import { DistriClient } from 'distri-workflow/client';
import { pino } from 'pino';
import { createApp, DEFAULT_SETTINGS } from '../../../dist/server/app.js';
import { authenticateLocal } from '../../../dist/server/identity.js';
import { openStore } from '../../../dist/store/index.js';
import { announceReady, untilAskedToEnd } from '../child.js';

const [address = '', namespace = '', port = ''] = process.argv.slice(2);
const client = await DistriClient.connect({ address, namespace });
const store = await openStore({ folder: undefined, migrate: true });
const logger = pino({ level: 'warn' }, pino.destination({ dest: 2, sync: true }));
const app = await createApp({ client, store, authenticate: authenticateLocal, logger, settings: DEFAULT_SETTINGS });
await app.listen({ host: '127.0.0.1', port: Number(port) });
announceReady();
await untilAskedToEnd();
await app.close();
await client.close();
await store.close();
