import { readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { isRunning, markProcess, processMarkSchema } from './process-mark.js';
import { makePrivateFolder } from './private-folder.js';

/** What a running `dev` serves in this folder. */
const addressesSchema = z.object({
  /** `host:port` of the Temporal server. */
  temporal: z.string(),
  namespace: z.string(),
  /** URL of the HTTP API. */
  api: z.string().optional(),
  /** URL of the Temporal Web UI. */
  temporal_ui: z.string().optional(),
  /** Folder of large payloads. */
  payload_dir: z.string().optional(),
});
const devStateSchema = addressesSchema.extend({ process: processMarkSchema });

export type DevAddresses = z.infer<typeof addressesSchema>;
export type DevState = z.infer<typeof devStateSchema>;

const FILE_NAME = 'dev.json';
const PROBE_TIMEOUT_MS = 1_000;

async function read(folder: string): Promise<DevState | undefined> {
  try {
    return devStateSchema.safeParse(JSON.parse(await readFile(join(folder, FILE_NAME), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function answers(address: string): Promise<boolean> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(colon + 1)), timeout: PROBE_TIMEOUT_MS });
    const end = (alive: boolean): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}

/** The `dev` that runs in this folder; undefined when there is none, or the file is one that a dead one left behind. */
export async function readDevState(folder = '.distri'): Promise<DevState | undefined> {
  const state = await read(folder);
  if (state === undefined || !(await isRunning(state.process))) return undefined;
  return (await answers(state.temporal)) ? state : undefined;
}

/**
 * Lets other commands of this folder find the server of this process.
 * @returns removes the file again, unless another process has written its own by then.
 */
export async function writeDevState(addresses: DevAddresses, folder = '.distri'): Promise<() => Promise<void>> {
  const path = join(folder, FILE_NAME);
  const state: DevState = { ...addresses, process: await markProcess() };
  await makePrivateFolder(folder);
  await writeFileAtomic(path, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  return async () => {
    if ((await read(folder))?.process.pid === process.pid) await rm(path, { force: true });
  };
}
