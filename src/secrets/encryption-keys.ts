import { DistriError } from '../definition/errors.js';

/** A key of AES-256-GCM. `id` is written beside what it encrypts; `key` is 32 bytes in base64. */
export interface EncryptionKey {
  readonly id: string;
  readonly key: string;
}

const KEY_BYTES = 32;
const KEY_ID_SHAPE = /^[\w.-]{1,100}$/;

/**
 * Keys as they stand in an environment variable: `id:base64`, with commas between them. The first encrypts.
 * @throws DistriError `USAGE`; the message holds no key. `variable`: what it tells to correct.
 */
export function parseEncryptionKeys(list: string, variable = 'DISTRI_ENCRYPTION_KEYS'): EncryptionKey[] {
  const entries = list.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '');
  const keys = entries.map((entry, index) => {
    const colon = entry.indexOf(':');
    if (colon < 0) throw badKeys(`Entry ${index + 1} has no colon: id:key is expected`, variable);
    return { id: entry.slice(0, colon), key: entry.slice(colon + 1) };
  });
  keyBytes(keys, variable);
  return keys;
}

/**
 * The bytes of each key by its id.
 * @throws DistriError `USAGE` for an id that is taken or cannot be one, and a key that is not 32 bytes.
 */
export function keyBytes(keys: readonly EncryptionKey[], variable = 'DISTRI_ENCRYPTION_KEYS'): ReadonlyMap<string, Buffer> {
  const checked = new Map<string, Buffer>();
  for (const [index, { id, key }] of keys.entries()) {
    if (!KEY_ID_SHAPE.test(id)) throw badKeys(`The id of key ${index + 1} must be 1 to 100 letters, digits, dots, dashes or underscores`, variable);
    if (checked.has(id)) throw badKeys(`Two keys have the id '${id}'`, variable);
    const bytes = Buffer.from(key, 'base64');
    if (bytes.length !== KEY_BYTES) throw badKeys(`The key '${id}' is not ${KEY_BYTES} bytes in base64`, variable);
    checked.set(id, bytes);
  }
  return checked;
}

function badKeys(message: string, variable: string): DistriError {
  return new DistriError('USAGE', `The encryption keys cannot be used. ${message}`, {
    hint: `Make a key with \`openssl rand -base64 32\` and give it as ${variable}='2026:<key>'.`,
  });
}
