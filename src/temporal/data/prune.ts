import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import {
  decodeReferencePayload,
  isReferencePayload,
  visit,
  walkDescribeScheduleResponse,
  walkGetWorkflowExecutionHistoryResponse,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import { GRPC, grpcCode } from '../errors.js';
import { DRIVER_NAME, OWNER_FILE, ownerKey, type PayloadOwner } from './file-storage.js';

/** The payloads of a run that is no longer on the server. */
export interface PrunedRun {
  run_id: string;
  files: number;
  bytes: number;
}

/** What was looked at and what can go, or has gone. */
export interface PruneReport {
  /** Runs that have stored payloads. */
  runs: number;
  prunable: PrunedRun[];
}

interface Folder {
  path: string;
  key: string;
  owner: PayloadOwner;
  files: number;
  bytes: number;
  /** Milliseconds since the epoch of the last write. */
  newest: number;
}

interface Execution {
  workflowId: string;
  runId: string;
  startedAt: number;
}

/** A run's payloads are written before the server knows of it, and clocks differ. */
const GRACE_MS = 60 * 60 * 1000;
const PAGE = 500;

/**
 * Finds, and with `remove` removes, the payloads of runs that the namespace no longer has and that the history of no
 * other run, and no schedule, refers to: parents and children refer to each other's. What was written within the last hour stays.
 */
export async function pruneStorage(client: Client, root: string, options: { remove: boolean; now?: number }): Promise<PruneReport> {
  const before = (options.now ?? Date.now()) - GRACE_MS;
  const folders = (await listFolders(root)).filter(({ owner }) => owner.namespace === client.options.namespace);
  const gone = new Map<string, Folder>();
  for (const folder of folders) {
    const { workflow_id } = folder.owner;
    if (workflow_id !== '' && folder.newest < before && !(await exists(client, workflow_id))) gone.set(folder.key, folder);
  }
  if (gone.size > 0) await keepScheduled(client, gone);
  if (gone.size > 0) await keepReferred(client, gone);
  const prunable = [...gone.values()];
  if (options.remove) for (const { path } of prunable) await rm(path, { recursive: true, force: true });
  return { runs: folders.length, prunable: prunable.map(({ owner, files, bytes }) => ({ run_id: owner.workflow_id, files, bytes })) };
}

async function listFolders(root: string): Promise<Folder[]> {
  const folders: Folder[] = [];
  for (const shard of await subfolders(root)) {
    for (const key of await subfolders(join(root, shard))) {
      const folder = await readFolder(join(root, shard, key), key);
      if (folder !== undefined) folders.push(folder);
    }
  }
  return folders;
}

async function subfolders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** Undefined for a folder that is not one of ours: nothing is ever removed there. */
async function readFolder(path: string, key: string): Promise<Folder | undefined> {
  const owner = await readFile(join(path, OWNER_FILE), 'utf8').then(
    (text) => JSON.parse(text) as PayloadOwner,
    () => undefined,
  );
  if (owner === undefined || ownerKey(owner) !== key) return undefined;
  const folder: Folder = { path, key, owner, files: 0, bytes: 0, newest: 0 };
  for (const name of await readdir(path)) {
    const { size, mtimeMs } = await stat(join(path, name));
    folder.newest = Math.max(folder.newest, mtimeMs);
    if (name === OWNER_FILE) continue;
    folder.files += 1;
    folder.bytes += size;
  }
  return folder;
}

/** All executions that the namespace has, open and closed, of all workflow types. */
async function listExecutions(client: Client): Promise<Execution[]> {
  const executions: Execution[] = [];
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const request = { namespace: client.options.namespace, pageSize: PAGE, ...(nextPageToken ? { nextPageToken } : {}) };
    const page = await client.workflowService.listWorkflowExecutions(request);
    for (const { execution, startTime } of page.executions ?? []) {
      const startedAt = optionalTsToDate(startTime)?.getTime() ?? 0;
      executions.push({ workflowId: execution?.workflowId ?? '', runId: execution?.runId ?? '', startedAt });
    }
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
  return executions;
}

async function exists(client: Client, workflowId: string): Promise<boolean> {
  return found(client.workflowService.describeWorkflowExecution({ namespace: client.options.namespace, execution: { workflowId } }));
}

async function found(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (grpcCode(error) === GRPC.NOT_FOUND) return false;
    throw error;
  }
}

/** Takes out of `gone` what histories refer to. An execution that began after the last write cannot refer to it. */
async function keepReferred(client: Client, gone: Map<string, Folder>): Promise<void> {
  for (const execution of await listExecutions(client)) {
    const newest = Math.max(0, ...[...gone.values()].map((folder) => folder.newest));
    if (execution.startedAt >= newest + GRACE_MS) continue;
    const keys = new Set<string>();
    // A list goes on for a while about what has been deleted.
    await found(noteReferred(client, execution, keys));
    for (const key of keys) gone.delete(key);
  }
}

/** Takes out of `gone` what the runs that schedules start begin with. */
async function keepScheduled(client: Client, gone: Map<string, Folder>): Promise<void> {
  const { namespace } = client.options;
  const keys = new Set<string>();
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const page = await client.workflowService.listSchedules({ namespace, maximumPageSize: PAGE, ...(nextPageToken ? { nextPageToken } : {}) });
    for (const { scheduleId } of page.schedules ?? []) {
      const described = client.workflowService.describeSchedule({ namespace, scheduleId: scheduleId ?? '' });
      await found(described.then((schedule) => visit(schedule, walkDescribeScheduleResponse, noting(keys))));
    }
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
  for (const key of keys) gone.delete(key);
}

async function noteReferred(client: Client, { workflowId, runId }: Execution, keys: Set<string>): Promise<void> {
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const page = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      ...(nextPageToken ? { nextPageToken } : {}),
    });
    await visit(page, walkGetWorkflowExecutionHistoryResponse, noting(keys));
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
}

/** Notes whose payloads are referred to, and changes nothing. */
function noting(keys: Set<string>) {
  const note = (payload: Payload): Payload => {
    if (!isReferencePayload(payload)) return payload;
    const { driverName, claimData } = decodeReferencePayload(payload);
    if (driverName === DRIVER_NAME && claimData['run'] !== undefined) keys.add(claimData['run']);
    return payload;
  };
  return {
    transformPayload: (payload: Payload) => Promise.resolve(note(payload)),
    transformPayloads: (payloads: Payload[]) => Promise.resolve(payloads.map(note)),
  };
}
