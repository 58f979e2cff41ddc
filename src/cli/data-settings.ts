import { resolve } from 'node:path';
import type { DataSettings } from '../temporal/data-converter.js';
import type { Context } from './context.js';

/**
 * How payloads are kept: by the flags, the environment, else in `usualDir`, if there is one.
 * @throws DistriError `USAGE` for keys that cannot be used
 */
export async function dataSettings({ environment, payloadDir }: Context, usualDir: string | undefined): Promise<DataSettings> {
  const folder = payloadDir ?? environment.payloadDir ?? usualDir;
  const { encryptionKeys: text } = environment;
  const encryptionKeys = text === undefined ? undefined : (await import('../temporal/data-converter.js')).parseEncryptionKeys(text);
  return {
    ...(folder === undefined ? {} : { payloadDir: resolve(folder) }),
    ...(encryptionKeys === undefined ? {} : { encryptionKeys }),
  };
}
