import { pino } from 'pino';
import { createAuthenticate } from '../../server/auth/index.js';
import { serverSettings } from '../../server/settings.js';
import { startApi } from '../api.js';
import { withCleanup } from '../cleanup.js';
import type { ServerFlags } from '../commands/server.js';
import type { Context } from '../context.js';
import { EXIT } from '../errors.js';
import { listenForInterrupt, untilAborted } from '../interrupt.js';
import { openOAuth } from '../oauth.js';
import { packageVersion } from '../package-files.js';
import { openClient, requireServer } from '../server.js';
import { openConfiguredStore } from '../store.js';
import { printJson } from '../terminal.js';
import { startTracing } from '../tracing.js';

/** Serves the HTTP API until SIGINT or SIGTERM. */
export async function server(context: Context, flags: ServerFlags): Promise<number> {
  const { environment, terminal } = context;
  const { authentication, host, port, settings } = serverSettings(environment.variables, flags);
  return withCleanup(async (cleanup) => {
    const interrupt = listenForInterrupt();
    cleanup.add(async () => interrupt.release());
    const oauth = await openOAuth(environment);
    const temporal = await requireServer(context);
    const store = await openConfiguredStore(context, { migrate: flags.migrate === true }, cleanup);
    const client = await openClient(context, temporal, cleanup, await startTracing(context, 'distri-api', cleanup));
    const authenticate = createAuthenticate(authentication, store.tokens);
    const logger = pino({ name: 'distri-api', base: { pid: process.pid } }, pino.destination({ dest: 2, sync: true }));
    const url = await startApi({ client, store, oauth, authenticate, logger, settings: { ...settings, version: packageVersion() } }, { host, port }, cleanup);
    const ready = { api: url, public_url: settings.publicUrl, temporal: temporal.address, namespace: temporal.namespace, auth: authentication.mode };
    if (terminal.json) printJson(terminal, ready);
    else terminal.print(`The API is ${url}, documentation at ${url}/docs; runs are at ${temporal.address}, namespace ${temporal.namespace}`);
    await untilAborted(interrupt.signal);
    return EXIT.completed;
  });
}
