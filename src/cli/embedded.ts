import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DistriError } from '../definition/errors.js';
import { SEARCH_ATTRIBUTES } from '../definition/messages.js';
import { messageOf } from '../definition/text.js';
import { assertPortFree, findFreePort } from './find-port.js';
import { makePrivateFolder } from './private-folder.js';
import { findTemporal, type FindOptions } from './embedded/find.js';
import { launch, type ServerProcess } from './embedded/launch.js';
import { lockFolder, type FolderLock } from './embedded/lock.js';
import { guardUi, hiddenAddress, type UiAddress } from './embedded/ui-guard.js';

export { findTemporal } from './embedded/find.js';

export interface EmbeddedOptions extends FindOptions {
  /** Path of the Temporal program; found or fetched when absent. */
  program?: string;
  /** Port of the server; a free one when absent. */
  port?: number;
  /** Port of the Web UI; a free one when absent. */
  uiPort?: number;
  /** Whether to serve the Web UI. Default true. */
  ui?: boolean;
  /** Created when it is not there. Default `default`. */
  namespace?: string;
  /** Keep nothing on disk. Default false: `<folder>/temporal.db`. */
  memory?: boolean;
  /** Let workflows skip time; for tests. Default false. */
  timeSkipping?: boolean;
  /** More settings of the server's dynamic configuration, as `name=value`; for benchmarks. */
  dynamicConfig?: readonly string[];
  /** Called when the server's process begins to start: what is loaded from then on costs no time. */
  onLaunch?: () => void;
}

/** A Temporal dev server of this process, on 127.0.0.1 only. On Windows it outlives a parent that is killed. */
export interface EmbeddedServer {
  address: string;
  namespace: string;
  uiUrl?: string;
  pid: number;
  /** Settles when the server has ended, asked to or not; says how. */
  exited: Promise<string>;
  /** Stops the server and waits for its end; kills it after 5 s. Safe to repeat. */
  stop: () => Promise<void>;
}

const HOST = '127.0.0.1';
const READY_TIMEOUT_MS = 60_000;
/** Free ports can be taken by others before the server has them, its inner ones too. */
const STARTS = 3;
const LOG_TAIL_CHARS = 2_000;

const FLAG_TYPES = { KEYWORD: 'Keyword', KEYWORD_LIST: 'KeywordList', INT: 'Int' } as const;

interface Ports {
  port: number;
  uiPort: number | undefined;
  /** Where the Web UI itself listens, behind its guard. */
  hidden: UiAddress | undefined;
}

function serverArguments(options: EmbeddedOptions, { port, uiPort, hidden }: Ports, dbFile: string | undefined): string[] {
  // Its HTTP API asks no page where it comes from: it answers to no host at all.
  const config = ['frontend.httpAllowedHosts=["nobody.invalid"]', 'history.transferProcessorMaxPollRPS=1000', ...(options.dynamicConfig ?? [])];
  if (options.timeSkipping === true) config.push('frontend.WorkflowTimeSkippingEnabled=true');
  return [
    ...['server', 'start-dev', '--ip', HOST, '--port', String(port), '--log-level', 'error'],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-ip', hidden?.host ?? HOST, '--ui-port', String(hidden?.port ?? uiPort), '--ui-disable-news-fetch']),
    ...['--namespace', options.namespace ?? 'default'],
    ...(dbFile === undefined ? [] : ['--db-filename', dbFile]),
    ...config.flatMap((value) => ['--dynamic-config-value', value]),
    ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${FLAG_TYPES[type]}`]),
  ];
}

async function choosePorts({ port, uiPort, ui = true }: EmbeddedOptions): Promise<Ports> {
  if (port !== undefined) await assertPortFree(port, 'the Temporal server', HOST);
  if (ui && uiPort !== undefined) await assertPortFree(uiPort, 'the Temporal Web UI', HOST);
  return {
    port: port ?? (await findFreePort(HOST)),
    uiPort: ui ? (uiPort ?? (await findFreePort(HOST))) : undefined,
    hidden: ui ? await hiddenAddress() : undefined,
  };
}

/** What the server said since its start, the end of it. */
async function logTail(logFile: string, from: number): Promise<string> {
  const log = await readFile(logFile);
  return log.subarray(from).toString('utf8').trim().slice(-LOG_TAIL_CHARS);
}

async function notStarted(how: string, logFile: string, from: number, cause?: unknown): Promise<DistriError> {
  const said = await logTail(logFile, from);
  return new DistriError('TEMPORAL_NOT_STARTED', `The Temporal dev server did not start: ${how}${said === '' ? '' : `\n${said}`}`, {
    cause,
    hint: `Its log is ${logFile}. A database that a newer or broken server left can be moved away: it holds the runs so far.`,
  });
}

async function startOnce(options: EmbeddedOptions, program: string, folder: string, lock: FolderLock | undefined): Promise<EmbeddedServer> {
  const { namespace = 'default', memory = false, env = process.env } = options;
  const ports = await choosePorts(options);
  const address = `${HOST}:${ports.port}`;
  const logFile = join(folder, 'temporal.log');
  const logStart = (await stat(logFile).catch(() => undefined))?.size ?? 0;
  const args = serverArguments(options, ports, memory ? undefined : join(folder, 'temporal.db'));
  const server: ServerProcess = await launch({ program, args, logFile, env });
  await lock?.noteServer(server.pid);
  options.onLaunch?.();
  const gone = new AbortController();
  const ended = server.exited.then(async (how) => {
    gone.abort();
    throw await notStarted(how, logFile, logStart);
  });
  ended.catch(() => undefined);
  try {
    // Temporal's client takes long to load, and the server to start.
    const { untilReady } = await import('./embedded/ready.js');
    await Promise.race([untilReady(address, namespace, READY_TIMEOUT_MS, gone.signal), ended]);
  } catch (error) {
    await server.stop();
    if (error instanceof DistriError) throw error;
    if (gone.signal.aborted) await ended;
    throw await notStarted(`it is not ready after ${READY_TIMEOUT_MS / 1000} s`, logFile, logStart, error);
  }
  if (ports.uiPort === undefined) return { address, namespace, ...server };
  if (ports.hidden !== undefined) {
    const guard = await guardUi({ host: HOST, port: ports.uiPort }, ports.hidden).catch(async (cause: unknown) => {
      await server.stop();
      throw await notStarted(`its Web UI cannot listen: ${messageOf(cause)}`, logFile, logStart, cause);
    });
    void server.exited.then(guard.close);
  }
  return { address, namespace, uiUrl: `http://${HOST}:${ports.uiPort}`, ...server };
}

function lostItsPort(error: unknown): boolean {
  return error instanceof DistriError && error.code === 'TEMPORAL_NOT_STARTED' && /address already in use|EADDRINUSE/.test(error.message);
}

async function startWithRetries(options: EmbeddedOptions, program: string, folder: string, lock: FolderLock | undefined): Promise<EmbeddedServer> {
  for (let start = 1; ; start += 1) {
    try {
      return await startOnce(options, program, folder, lock);
    } catch (error) {
      if (start === STARTS || !lostItsPort(error)) throw error;
    }
  }
}

/**
 * Starts a Temporal dev server and waits until it can run workflows. Runs are kept for 30 days in `<folder>`, by one
 * server at a time. The server ends with this process, also when that is killed (not on Windows).
 * @throws DistriError `TEMPORAL_NOT_FOUND`, `PORT_IN_USE` for a chosen port, `DATA_IN_USE` when another process has the
 * folder, `TEMPORAL_NOT_STARTED` with the end of the server's log.
 */
export async function startEmbedded(options: EmbeddedOptions = {}): Promise<EmbeddedServer> {
  const folder = resolve(options.folder ?? '.distri');
  const program = options.program ?? (await findTemporal(options));
  await makePrivateFolder(folder);
  const lock = options.memory === true ? undefined : await lockFolder(folder);
  try {
    const server = await startWithRetries(options, program, folder, lock);
    // A release that failed is told by `stop`.
    server.exited.then(() => lock?.release()).catch(() => undefined);
    return { ...server, stop: async () => (await server.stop(), lock?.release()) };
  } catch (error) {
    await lock?.release();
    throw error;
  }
}
