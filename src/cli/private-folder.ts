import { chmod, mkdir } from 'node:fs/promises';
import { basename } from 'node:path';

/** Makes a folder that its user alone may enter: runs, results and keys are in it. An older `.distri` becomes one, no other folder. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (basename(path) === '.distri') await chmod(path, 0o700);
}
