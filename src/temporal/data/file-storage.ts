import { createHash } from 'node:crypto';
import { access, chmod, mkdir, mkdtemp, readFile, rename, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  StorageDriverClaim,
  type Payload,
  type StorageDriver,
  type StorageDriverRetrieveContext,
  type StorageDriverStoreContext,
} from '@temporalio/common';
import proto from '@temporalio/proto';
import writeFileAtomic from 'write-file-atomic';
import { messageOf } from '../../definition/text.js';
import { PayloadError } from './payload-error.js';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;
const HEX_SHA256 = /^[0-9a-f]{64}$/;
/** In each run's folder: whose it is. */
export const OWNER_FILE = 'run.json';
export const DRIVER_NAME = 'distri.files';
const FILE_MODE = 0o660;
const FOLDER_MODE = 0o770;
const GROUP_MAY_ALL = 0o070;
const SETTING = 'The folder is that of --payload-dir or DISTRI_PAYLOAD_DIR (option payloadDir); client, CLI and all workers need the same one.';

/** The run whose payloads a folder holds. */
export interface PayloadOwner {
  namespace: string;
  workflow_id: string;
}

/** The key of a run's folder. */
export function ownerKey({ namespace, workflow_id }: PayloadOwner): string {
  return createHash('sha256').update(`${namespace}\0${workflow_id}`).digest('hex');
}

/** The folder of a run below the payload folder: 256 shards keep each of them small. */
export function ownerFolder(root: string, key: string): string {
  return join(root, key.slice(0, 2), key);
}

/**
 * Keeps payloads as files: `<root>/<shard>/<run>/<SHA-256 of the content>`. What is written is whole or not there, equal
 * content of a run is stored once, and what is read is checked against its hash. Programs of several users may share the
 * root by a group: what one of them adds, the others can read, and add to.
 */
export class FileStorage implements StorageDriver {
  readonly name = DRIVER_NAME;
  readonly type = DRIVER_NAME;
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  /** @throws PayloadError `PAYLOAD_NOT_STORED` */
  async store({ target, abortSignal }: StorageDriverStoreContext, payloads: Payload[]): Promise<StorageDriverClaim[]> {
    const owner = { namespace: target?.namespace ?? '', workflow_id: target?.id ?? '' };
    const run = ownerKey(owner);
    const folder = ownerFolder(this.root, run);
    try {
      await mkdir(this.root, { recursive: true, mode: FOLDER_MODE });
      await makeFolder(dirname(folder));
      await makeFolder(folder);
      await writeOnce(join(folder, OWNER_FILE), JSON.stringify(owner));
      const claims: StorageDriverClaim[] = [];
      for (const payload of payloads) {
        abortSignal?.throwIfAborted();
        const content = Buffer.from(PayloadMessage.encode(payload).finish());
        const sha256 = createHash('sha256').update(content).digest('hex');
        await writeContent(join(folder, sha256), content);
        claims.push(new StorageDriverClaim({ run, sha256 }));
      }
      return claims;
    } catch (cause) {
      if (abortSignal?.aborted === true) throw cause;
      throw new PayloadError('PAYLOAD_NOT_STORED', `A large payload cannot be stored in ${folder}: ${messageOf(cause)}`, { cause, hint: SETTING });
    }
  }

  /** @throws PayloadError `PAYLOAD_MISSING`, `PAYLOAD_DAMAGED` */
  async retrieve({ abortSignal }: StorageDriverRetrieveContext, claims: StorageDriverClaim[]): Promise<Payload[]> {
    return Promise.all(
      claims.map(async ({ claimData: { run = '', sha256 = '' } }) => {
        abortSignal?.throwIfAborted();
        if (!HEX_SHA256.test(run) || !HEX_SHA256.test(sha256)) {
          throw new PayloadError('PAYLOAD_DAMAGED', 'The reference to a stored payload is not one that this program writes');
        }
        const path = join(ownerFolder(this.root, run), sha256);
        const content = await readContent(path);
        if (createHash('sha256').update(content).digest('hex') !== sha256) {
          throw new PayloadError('PAYLOAD_DAMAGED', `The stored payload ${path} is not what was written: its hash differs`);
        }
        return PayloadMessage.decode(content);
      }),
    );
  }
}

/**
 * Makes a folder that its group may write to, whatever the umask. It is there as such or not at all: it must not be in the way
 * of another user while it is the first one's alone. It keeps the bit by which a folder hands its group down.
 */
async function makeFolder(path: string): Promise<void> {
  if (await isThere(path)) return;
  const made = await mkdtemp(`${path}.`);
  try {
    await chmod(made, (await stat(made)).mode | GROUP_MAY_ALL);
    await rename(made, path);
  } catch (error) {
    await rmdir(made);
    if (!(await isThere(path))) throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function writeOnce(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx', mode: FILE_MODE }).catch((error: unknown) => {
    if (!isCode(error, 'EEXIST')) throw error;
  });
}

/** Content that is there already is marked as used now, so that no clean-up takes it for an old one. */
async function writeContent(path: string, content: Buffer): Promise<void> {
  const now = new Date();
  try {
    await utimes(path, now, now);
  } catch (error) {
    if (isCode(error, 'ENOENT')) await writeFileAtomic(path, content, { mode: FILE_MODE });
    // Only its owner may set the times of a file; whoever may write to it sets them by writing what is there.
    else if (isCode(error, 'EPERM')) await writeFile(path, content, { flag: 'r+' });
    else throw error;
  }
}

async function readContent(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const message = `The stored payload ${path} cannot be read: ${isCode(cause, 'ENOENT') ? 'there is no such file' : messageOf(cause)}. ${SETTING}`;
    throw new PayloadError('PAYLOAD_MISSING', message, { cause });
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
