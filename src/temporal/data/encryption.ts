import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { DistriError } from '../../definition/errors.js';
import { PayloadError } from './payload-error.js';
import { isShared, SHARED_KEY } from './shared.js';

/** A key of AES-256-GCM. `id` is written beside what it encrypts; `key` is 32 bytes in base64. */
export interface EncryptionKey {
  readonly id: string;
  readonly key: string;
}

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SAME_AGAIN_BYTES = 16 * 1024;
/** What Temporal's samples write, too: their tools know an encrypted payload by it. */
const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const KEY_ID_SHAPE = /^[\w.-]{1,100}$/;
const KEYS_HINT = 'The keys are in DISTRI_ENCRYPTION_KEYS (option encryptionKeys), the active one first; old ones stay until no run needs them.';

const text = (value: Uint8Array | null | undefined): string => Buffer.from(value ?? []).toString('utf8');

/**
 * Encrypts every payload with the first key and decrypts with whichever key it was encrypted with. What is not encrypted
 * is read as it is, so that encryption can be turned on while runs are under way.
 */
export class EncryptionCodec implements PayloadCodec {
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #active: string | undefined;

  /** @throws DistriError `USAGE` for an id that is taken or cannot be one, and a key that is not 32 bytes. */
  constructor(keys: readonly EncryptionKey[]) {
    this.#keys = checkedKeys(keys);
    this.#active = keys[0]?.id;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    const id = this.#active;
    const key = id === undefined ? undefined : this.#keys.get(id);
    if (id === undefined || key === undefined) return payloads;
    return payloads.map((payload) => {
      const shared = isShared(payload);
      return {
        metadata: { encoding: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(id), ...(shared ? { [SHARED_KEY]: Buffer.from('1') } : {}) },
        data: encrypt(key, PayloadMessage.encode(payload).finish(), shared),
      };
    });
  }

  /** @throws PayloadError `CODEC_MISMATCH` naming the key that is missing or does not fit. */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => (text(payload.metadata?.['encoding']) === ENCODING ? this.#decrypt(payload) : payload));
  }

  #decrypt(payload: Payload): Payload {
    const id = text(payload.metadata?.[KEY_ID]);
    const key = this.#keys.get(id);
    if (key === undefined) {
      const known = this.#keys.size === 0 ? 'no encryption key is configured' : `the keys here are ${[...this.#keys.keys()].join(', ')}`;
      throw new PayloadError('CODEC_MISMATCH', `The payload is encrypted with the key '${id}', and ${known}`, { hint: KEYS_HINT });
    }
    try {
      return PayloadMessage.decode(decrypt(key, payload.data ?? new Uint8Array()));
    } catch (cause) {
      const message = `The payload cannot be decrypted with the key '${id}': that is another key than it was encrypted with, or the payload is damaged`;
      throw new PayloadError('CODEC_MISMATCH', message, { cause, hint: KEYS_HINT });
    }
  }
}

/**
 * Keys as they stand in an environment variable: `id:base64`, with commas between them.
 * @throws DistriError `USAGE`; the message holds no key.
 */
export function parseEncryptionKeys(list: string): EncryptionKey[] {
  const entries = list.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '');
  const keys = entries.map((entry, index) => {
    const colon = entry.indexOf(':');
    if (colon < 0) throw badKeys(`Entry ${index + 1} has no colon: id:key is expected`);
    return { id: entry.slice(0, colon), key: entry.slice(colon + 1) };
  });
  checkedKeys(keys);
  return keys;
}

function checkedKeys(keys: readonly EncryptionKey[]): Map<string, Buffer> {
  const checked = new Map<string, Buffer>();
  for (const [index, { id, key }] of keys.entries()) {
    if (!KEY_ID_SHAPE.test(id)) throw badKeys(`The id of key ${index + 1} must be 1 to 100 letters, digits, dots, dashes or underscores`);
    if (checked.has(id)) throw badKeys(`Two keys have the id '${id}'`);
    const bytes = Buffer.from(key, 'base64');
    if (bytes.length !== KEY_BYTES) throw badKeys(`The key '${id}' is not ${KEY_BYTES} bytes in base64`);
    checked.set(id, bytes);
  }
  return checked;
}

function badKeys(message: string): DistriError {
  return new DistriError('USAGE', `The encryption keys cannot be used. ${message}`, {
    hint: "Make a key with `openssl rand -base64 32` and give it as DISTRI_ENCRYPTION_KEYS='2026:<key>'.",
  });
}

function encrypt(key: Buffer, plain: Uint8Array, sameAgain: boolean): Buffer {
  const iv = sameAgain || plain.length >= SAME_AGAIN_BYTES ? ivOf(key, plain) : randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv);
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/**
 * A worker that replays a run makes its payloads again: large and shared ones come out the same again, so that what is stored
 * outside the history is stored once. Of small ones, such as answers, nobody shall see that two are equal.
 */
function ivOf(key: Buffer, plain: Uint8Array): Buffer {
  const ivKey = createHmac('sha256', key).update('iv of large payloads').digest();
  return createHmac('sha256', ivKey).update(plain).digest().subarray(0, IV_BYTES);
}

function decrypt(key: Buffer, sealed: Uint8Array): Buffer {
  const tagAt = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(tagAt));
  return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, tagAt)), decipher.final()]);
}
