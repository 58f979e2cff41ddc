import { resolve } from 'node:path';
import { parseEncryptionKeys, type DataSettings } from '../temporal/data-converter.js';
import type { Context } from './context.js';

/**
 * How payloads are kept: by the flags, the environment, else in `usualDir`, if there is one.
 * @throws DistriError `USAGE` for keys that cannot be used
 */
export function dataSettings({ environment, payloadDir }: Context, usualDir: string | undefined): DataSettings {
  const folder = payloadDir ?? environment.payloadDir ?? usualDir;
  return {
    ...(folder === undefined ? {} : { payloadDir: resolve(folder) }),
    ...(environment.encryptionKeys === undefined ? {} : { encryptionKeys: parseEncryptionKeys(environment.encryptionKeys) }),
  };
}
