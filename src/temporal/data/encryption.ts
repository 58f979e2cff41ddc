import { createHmac, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { decrypt, encrypt, NONCE_BYTES } from '../../secrets/aes-gcm.js';
import { keyBytes, type EncryptionKey } from '../../secrets/encryption-keys.js';
import { PayloadError } from './payload-error.js';
import { isShared, SHARED_KEY } from './shared.js';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;
const SAME_AGAIN_BYTES = 16 * 1024;
/** What Temporal's samples write, too: their tools know an encrypted payload by it. */
const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
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
    this.#keys = keyBytes(keys);
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
        data: encryptPayload(key, PayloadMessage.encode(payload).finish(), shared),
      };
    });
  }

  /**
   * What names no key is none of ours: it stays as it is, and whoever reads it says so.
   *
   * @throws PayloadError `CODEC_MISMATCH` naming the key that is missing or does not fit.
   */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => (isEncrypted(payload) ? this.#decrypt(payload) : payload));
  }

  #decrypt(payload: Payload): Payload {
    const id = text(payload.metadata?.[KEY_ID]);
    const key = this.#keys.get(id);
    if (key === undefined) {
      const known = this.#keys.size === 0 ? 'no encryption key is configured' : `the keys here are ${[...this.#keys.keys()].join(', ')}`;
      throw new PayloadError('CODEC_MISMATCH', `The payload is encrypted with the key '${id}', and ${known}`, { hint: KEYS_HINT });
    }
    try {
      return PayloadMessage.decode(decryptPayload(key, payload.data ?? new Uint8Array()));
    } catch (cause) {
      const message = `The payload cannot be decrypted with the key '${id}': that is another key than it was encrypted with, or the payload is damaged`;
      throw new PayloadError('CODEC_MISMATCH', message, { cause, hint: KEYS_HINT });
    }
  }
}

function isEncrypted({ metadata }: Payload): boolean {
  return text(metadata?.['encoding']) === ENCODING && text(metadata?.[KEY_ID]) !== '';
}

function encryptPayload(key: Buffer, plain: Uint8Array, sameAgain: boolean): Buffer {
  const iv = sameAgain || plain.length >= SAME_AGAIN_BYTES ? ivOf(key, plain) : randomBytes(NONCE_BYTES);
  return Buffer.concat([iv, encrypt(key, iv, plain)]);
}

/**
 * A worker that replays a run makes its payloads again: large and shared ones come out the same again, so that what is stored
 * outside the history is stored once. Of small ones, such as answers, nobody shall see that two are equal.
 */
function ivOf(key: Buffer, plain: Uint8Array): Buffer {
  const ivKey = createHmac('sha256', key).update('iv of large payloads').digest();
  return createHmac('sha256', ivKey).update(plain).digest().subarray(0, NONCE_BYTES);
}

function decryptPayload(key: Buffer, sealed: Uint8Array): Buffer {
  return decrypt(key, sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES));
}
