import { createCipheriv, createDecipheriv } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NO_DATA = Buffer.alloc(0);

/** Ciphertext and tag. `bound`: what the ciphertext belongs to; it is authenticated and must be the same to decrypt. */
export function encrypt(key: Buffer, nonce: Uint8Array, plain: Uint8Array, bound: Uint8Array = NO_DATA): Buffer {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Throws when key, nonce or `bound` is another one, or the ciphertext is damaged. */
export function decrypt(key: Buffer, nonce: Uint8Array, sealed: Uint8Array, bound: Uint8Array = NO_DATA): Buffer {
  const tagAt = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound);
  decipher.setAuthTag(sealed.subarray(tagAt));
  return Buffer.concat([decipher.update(sealed.subarray(0, tagAt)), decipher.final()]);
}
