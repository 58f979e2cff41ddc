import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonValue } from '../../definition/json.js';
import type { StepContext } from '../activity.js';
import { folderPrefix } from './leftovers.js';
import type { ScriptUser } from './user.js';

/** A longer context is in the file alone: one variable may hold at most 128 KiB on Linux. */
const LONGEST_VARIABLE = 64 * 1024;

export interface ContextFile {
  readonly folder: string;
  readonly variables: { readonly [name: string]: string };
  remove(): Promise<void>;
}

/** Writes what the script sees as its context to a file that only the script's user can read. */
export async function writeContext(context: JsonValue, user: ScriptUser | undefined): Promise<ContextFile> {
  const json = JSON.stringify(context);
  const folder = await mkdtemp(join(tmpdir(), folderPrefix()));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const file = join(folder, 'context.json');
    await writeFile(file, json, { mode: 0o600 });
    if (user) for (const path of [file, folder]) await chown(path, user.uid, user.gid);
    const fits = Buffer.byteLength(json) <= LONGEST_VARIABLE;
    return { folder, variables: { WORKFLOW_CONTEXT_FILE: file, ...(fits && { WORKFLOW_CONTEXT: json }) }, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** All that a script sees of the worker's environment. */
export function baseEnvironment(worker: NodeJS.ProcessEnv, user: ScriptUser | undefined): { [name: string]: string } {
  return {
    PATH: worker.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: user?.home ?? worker.HOME ?? '/',
    LANG: worker.LANG ?? 'C.UTF-8',
    TMPDIR: worker.TMPDIR ?? tmpdir(),
  };
}

/** Which step of which run a script works for, and the key by which it can tell a repeated attempt. */
export function stepEnvironment(step: StepContext): { [name: string]: string } {
  const all = {
    DISTRI_RUN_ID: step.runId,
    DISTRI_WORKFLOW_ID: step.workflowId,
    DISTRI_STEP_ID: step.stepId,
    DISTRI_ATTEMPT: String(step.attempt),
    DISTRI_IDEMPOTENCY_KEY: step.idempotencyKey,
    ...(step.index === undefined ? {} : { DISTRI_INDEX: String(step.index) }),
  };
  // No variable can hold a zero character, and an id can.
  return Object.fromEntries(Object.entries(all).filter(([, value]) => !value.includes('\0')));
}
