import { join } from 'node:path';
import type { ConnectOptions, DataSettings, DistriClient } from '../client/index.js';
import { temporalUiUrl } from '../client/ui-url.js';
import { DistriError } from '../definition/errors.js';
import { loadTemporalConfig, type TemporalOptions } from '../temporal/config.js';
import type { Cleanup } from './cleanup.js';
import type { Context } from './context.js';
import { dataSettings } from './data-settings.js';
import { readDevState } from './dev-state.js';
import { startEmbedded } from './embedded.js';

/** A Temporal server that a command talks to. */
export interface Server {
  /** For clients and workers. */
  readonly temporal: TemporalOptions;
  readonly address: string;
  readonly namespace: string;
  /** Address of the Temporal Web UI, when it is known. */
  readonly uiUrl?: string;
  /** Codec and storage, for clients and workers alike. */
  readonly data: DataSettings;
}

const CONNECT_MS = 5_000;

/**
 * The server of the flags, the environment or the profile that they name; else that of a `dev` that runs in the folder; else that of
 * the default profile of the user's Temporal configuration. The user is told when that configuration matters.
 */
export async function findServer(context: Context): Promise<Server | undefined> {
  const { temporal, environment, folder } = context;
  const config = loadTemporalConfig(temporal, environment.variables);
  const dev = config.explicit && !config.implicitProfile ? undefined : await readDevState(folder);
  if (config.implicitProfile) {
    context.terminal.say(
      dev === undefined
        ? `Temporal server: ${config.address}, namespace ${config.namespace}, of the default profile in your Temporal configuration.`
        : `Temporal server: ${dev.temporal}, of the dev that runs in this folder, not the default profile (${config.address}).`,
    );
  }
  if (config.explicit && dev === undefined) {
    const { address, namespace, connectionOptions } = config;
    const { apiKey } = connectionOptions;
    const data = await dataSettings(context, undefined);
    return { temporal: { ...temporal, ...(typeof apiKey === 'string' && { apiKey }) }, address, namespace, data, ...uiOf(environment.temporalUi ?? cloudUi(address)) };
  }
  if (dev === undefined) return undefined;
  // Without the profile's address, its namespace does not count either.
  const ofProfile = config.implicitProfile && temporal.namespace === undefined && (environment.variables['TEMPORAL_NAMESPACE'] ?? '') === '';
  const namespace = config.explicitNamespace && !ofProfile ? config.namespace : dev.namespace;
  const address = dev.temporal;
  const data = await dataSettings(context, dev.payload_dir);
  // The TLS settings of the profile are those of another server.
  return { temporal: { ...temporal, address, namespace, ...(config.implicitProfile && { tls: false }) }, address, namespace, data, ...uiOf(dev.temporal_ui) };
}

/** As {@link findServer}. Throws `NO_TEMPORAL_SERVER` when there is none. */
export async function requireServer(context: Context): Promise<Server> {
  const server = await findServer(context);
  if (server !== undefined) return server;
  throw new DistriError('NO_TEMPORAL_SERVER', `No Temporal server is configured, and no dev runs with the folder ${context.folder}`, {
    hint: 'Start `distri-workflow dev` in another terminal, or set TEMPORAL_ADDRESS or --address.',
  });
}

export interface StartOptions {
  port?: number;
  uiPort?: number;
  /** Called when the server's process begins to start. */
  onLaunch?: () => void;
  /** Ends the fetch of the program, which may take minutes. */
  signal: AbortSignal;
}

/** Starts an embedded server, which ends with the command. Undefined: the signal was aborted while its program was fetched. */
export async function startServer(context: Context, options: StartOptions, cleanup: Cleanup): Promise<(Server & { exited: Promise<string> }) | undefined> {
  const { folder, temporal, environment, terminal } = context;
  const data = await dataSettings(context, join(folder, 'payloads'));
  const embedded = await startEmbedded({
    ...options,
    folder,
    namespace: loadTemporalConfig(temporal, environment.variables).namespace,
    log: (line) => terminal.say(terminal.color.dim(line)),
    env: environment.variables,
  }).catch((error: unknown) => {
    if (options.signal.aborted) return undefined;
    throw error;
  });
  if (embedded === undefined) return undefined;
  cleanup.add(() => embedded.stop());
  const { address, namespace, uiUrl, exited } = embedded;
  return { temporal: { address, namespace }, address, namespace, data, exited, ...uiOf(uiUrl) };
}

/** A client for the server, closed with the command. What it works around is told as a warning. */
export async function openClient(
  { terminal }: Context,
  server: Server,
  cleanup: Cleanup,
  traced: Pick<ConnectOptions, 'tracing'> = {},
): Promise<DistriClient> {
  const { createDataConverter, DistriClient } = await import('../client/index.js');
  const client = await DistriClient.connect({
    ...server.temporal,
    ...traced,
    connectTimeoutMs: CONNECT_MS,
    dataConverter: createDataConverter(server.data),
    onWarning: ({ message }) => terminal.say(`${terminal.color.yellow('warning')}: ${message}`),
  });
  cleanup.add(() => client.close());
  return client;
}

/** Where the Temporal Web UI shows a run, in its newest execution. */
export function runUrl({ uiUrl, namespace }: Server, runId: string): string | undefined {
  return uiUrl === undefined ? undefined : temporalUiUrl(uiUrl, namespace, runId);
}

function cloudUi(address: string): string | undefined {
  return /\.(tmprl\.cloud|temporal\.io)(:\d+)?$/.test(address) ? 'https://cloud.temporal.io' : undefined;
}

function uiOf(uiUrl: string | undefined): { uiUrl?: string } {
  return uiUrl === undefined ? {} : { uiUrl };
}
