import { randomBytes } from 'node:crypto';
import { DistriError } from '../definition/errors.js';
import { decrypt, encrypt, NONCE_BYTES } from '../secrets/aes-gcm.js';
import { keyBytes, type EncryptionKey } from '../secrets/encryption-keys.js';

/** The environment variable that holds the keys. */
export const SECRET_KEYS = 'DISTRI_SECRET_KEYS';
const FORMAT = 'v1';
const HINT = `The keys are in ${SECRET_KEYS}='id:base64,…', the one that encrypts first; \`openssl rand -base64 32\` makes one.`;

/**
 * Encrypts what is secret in a row, bound to the row's id: what is copied into another row cannot be read there. Sealed
 * text is `v1.<key id>.<nonce>.<ciphertext and tag>`, the last two in base64url.
 */
export class Sealer {
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #active: string | undefined;

  /** The first key encrypts, each decrypts. Without any, sealing and opening throw. Throws `USAGE` for keys that cannot be used. */
  constructor(keys: readonly EncryptionKey[] = []) {
    this.#keys = keyBytes(keys, SECRET_KEYS);
    this.#active = keys[0]?.id;
  }

  /** @throws DistriError `BAD_SECRET_KEY` when there is no key */
  seal(text: string, rowId: string): string {
    const id = this.#active;
    const key = id === undefined ? undefined : this.#keys.get(id);
    if (id === undefined || key === undefined) {
      throw new DistriError('BAD_SECRET_KEY', 'Secrets cannot be stored: there is no key to encrypt them with', { hint: HINT });
    }
    const nonce = randomBytes(NONCE_BYTES);
    const sealed = encrypt(key, nonce, Buffer.from(text), Buffer.from(rowId));
    return [FORMAT, id, nonce.toString('base64url'), sealed.toString('base64url')].join('.');
  }

  /** @throws DistriError `BAD_SECRET_KEY` when the key is not here, is another one, or the text is damaged or of another row */
  open(sealed: string, rowId: string): string {
    const { keyId, nonce, data } = partsOf(sealed);
    const key = this.#keys.get(keyId);
    if (key === undefined) {
      const known = this.#keys.size === 0 ? 'there is no key here' : `the keys here are ${[...this.#keys.keys()].join(', ')}`;
      throw new DistriError('BAD_SECRET_KEY', `The secret is encrypted with the key '${keyId}', and ${known}`, { hint: HINT });
    }
    try {
      return decrypt(key, nonce, data, Buffer.from(rowId)).toString('utf8');
    } catch (cause) {
      const message = `The secret cannot be decrypted with the key '${keyId}': that is another key than it was encrypted with, or the row is damaged`;
      throw new DistriError('BAD_SECRET_KEY', message, { cause, hint: HINT });
    }
  }

  /** The text, sealed with the first key; undefined when it is already. Throws as `open`. */
  reseal(sealed: string, rowId: string): string | undefined {
    if (partsOf(sealed).keyId === this.#active) return undefined;
    return this.seal(this.open(sealed, rowId), rowId);
  }
}

/** A key's id may hold dots; nothing else does. */
function partsOf(sealed: string): { keyId: string; nonce: Buffer; data: Buffer } {
  const parts = sealed.split('.');
  const [data = '', nonce = ''] = parts.reverse();
  const [format, ...id] = parts.slice(2).reverse();
  if (format !== FORMAT || id.length === 0) throw new DistriError('BAD_SECRET_KEY', 'The secret was not written by this version: it does not begin with v1', { hint: HINT });
  return { keyId: id.join('.'), nonce: Buffer.from(nonce, 'base64url'), data: Buffer.from(data, 'base64url') };
}
