import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { parseEncryptionKeys, type EncryptionKey } from '../secrets/encryption-keys.js';
import { makePrivateFolder } from './private-folder.js';

const KEY_BYTES = 32;

/** The keys in a file of the folder of `dev`, which is made when it is not there. Only its owner may read it. */
export async function ownSecretKeys(path: string): Promise<EncryptionKey[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text !== undefined) return parseEncryptionKeys(text.trim(), path);
  const made = `dev:${randomBytes(KEY_BYTES).toString('base64')}`;
  await makePrivateFolder(dirname(path));
  await writeFileAtomic(path, `${made}\n`, { mode: 0o600 });
  return parseEncryptionKeys(made, path);
}
