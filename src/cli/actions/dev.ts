import { LOCAL_USER } from '../../server/identity.js';
import { withCleanup } from '../cleanup.js';
import type { DevFlags } from '../commands/dev.js';
import type { Context } from '../context.js';
import { readDevState, writeDevState, type DevAddresses } from '../dev-state.js';
import { EXIT, UsageError } from '../errors.js';
import { listenForInterrupt, untilAborted } from '../interrupt.js';
import { startLocalWorker, workerLog, workerOptions } from '../local-worker.js';
import { apiLog, openDevStore, startDevApi } from '../dev-platform.js';
import { assertPortFree } from '../find-port.js';
import { openOAuth } from '../oauth.js';
import { openClient, startServer } from '../server.js';
import { withStore } from '../store-sources.js';

/** Serves Temporal and a worker until SIGINT or SIGTERM. */
export async function dev(context: Context, flags: DevFlags): Promise<number> {
  const running = await readDevState(context.folder);
  if (running !== undefined) {
    throw new UsageError(
      `dev already runs with the folder ${context.folder}: process ${running.process.pid}, Temporal at ${running.temporal}`,
      'Use that one, stop it first, or give this one another --folder.',
    );
  }
  return withCleanup(async (cleanup) => {
    const interrupt = listenForInterrupt();
    cleanup.add(async () => interrupt.release());
    if (flags.port !== undefined) await assertPortFree(flags.port, 'the API');
    const oauth = await openOAuth(context.environment);
    const options = await workerOptions(context, flags, cleanup);
    const { temporalPort, uiPort } = flags;
    const ports = { ...(temporalPort !== undefined && { port: temporalPort }), ...(uiPort !== undefined && { uiPort }) };
    const opening = openDevStore(context, cleanup);
    // What is still opening when the server cannot be started is closed, too.
    cleanup.add(async () => void (await opening.catch(() => undefined)));
    const server = await startServer(context, { ...ports, signal: interrupt.signal }, cleanup);
    if (server === undefined) return interrupt.exitCode;
    const store = await opening;
    const worker = await startLocalWorker(context, server, withStore(options, { store, oauth, ownerless: LOCAL_USER }), cleanup);
    const client = await openClient(context, server, cleanup);
    const api = await startDevApi(context, { client, store, oauth, port: flags.port }, cleanup);
    const addresses = {
      api,
      temporal: server.address,
      namespace: server.namespace,
      ...(server.uiUrl !== undefined && { temporal_ui: server.uiUrl }),
      ...(server.data.payloadDir !== undefined && { payload_dir: server.data.payloadDir }),
    };
    cleanup.add(await writeDevState(addresses, context.folder));
    announce(context, addresses);
    const brokeDown = server.exited.then((how) => {
      if (!interrupt.signal.aborted) throw new Error(`The Temporal server has ended: ${how}`);
    });
    await Promise.race([untilAborted(interrupt.signal), worker.ended, brokeDown]);
    brokeDown.catch(() => undefined);
    if (!context.terminal.json) context.terminal.say('Stopping…');
    return EXIT.completed;
  });
}

function announce(context: Context, addresses: DevAddresses): void {
  const { terminal } = context;
  if (terminal.json) {
    terminal.print(JSON.stringify(addresses));
    return;
  }
  const { printColor: color } = terminal;
  const rows = [
    ['API', `${addresses.api}  documentation at ${addresses.api}/docs, log in ${apiLog(context)}`],
    ['Temporal', `${addresses.temporal}  namespace ${addresses.namespace}`],
    ...(addresses.temporal_ui === undefined ? [] : [['Web UI', addresses.temporal_ui]]),
    ['Worker', `all skills, log in ${workerLog(context)}`],
  ];
  terminal.print(color.bold('distri-workflow dev is ready'));
  for (const [name = '', value = ''] of rows) terminal.print(`  ${color.dim(name.padEnd(9))} ${value}`);
  terminal.print(color.dim('Ctrl-C stops everything; runs go on at the next start.'));
}
