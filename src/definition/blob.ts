import { createHash } from 'node:crypto';
import { isObject, type JsonObject, type JsonValue } from './json.js';

/** Bytes that are no text, as values carry them. */
export type Blob = {
  /** SHA-256 of the bytes, in hex. */
  $blob: string;
  content_type: string;
  bytes: number;
  base64: string;
};

export function blobOf(bytes: Uint8Array, contentType: string): Blob {
  const type = contentType.trim() === '' ? 'application/octet-stream' : contentType.trim();
  return { $blob: hashOf(bytes), content_type: type, bytes: bytes.length, base64: Buffer.from(bytes).toString('base64') };
}

export function isBlob(value: JsonValue | undefined): value is Blob & JsonObject {
  return isObject(value) && typeof value.$blob === 'string' && typeof value.base64 === 'string' && typeof value.content_type === 'string';
}

/** The bytes of a blob; undefined when they are not those that it was made of, such as where a secret in them was masked. */
export function bytesOf(blob: Blob): Buffer | undefined {
  const bytes = Buffer.from(blob.base64, 'base64');
  return hashOf(bytes) === blob.$blob ? bytes : undefined;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
