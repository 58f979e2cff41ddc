import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { StepFailure } from '../failure.js';

/** A user of this machine, from the system's user database. */
export interface ScriptUser {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** @throws StepFailure `SCRIPT_START` when the machine has no such user. */
export async function findUser(name: string): Promise<ScriptUser> {
  try {
    const { stdout } = await promisify(execFile)('getent', ['passwd', '--', name]);
    const [, , uid, gid, , home] = stdout.trim().split(':');
    return { uid: Number(uid), gid: Number(gid), home: home || '/' };
  } catch (cause) {
    const text = `Scripts of this worker run as the user '${name}', whom this machine does not know: correct DISTRI_SCRIPT_USER`;
    throw new StepFailure('SCRIPT_START', text, { cause });
  }
}
