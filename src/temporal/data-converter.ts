import { ExternalStorage, type DataConverter } from '@temporalio/common';
import { SHARED_FROM_BYTES, STORED_FROM_BYTES } from '../definition/messages.js';
import type { EncryptionKey } from '../secrets/encryption-keys.js';
import { EncryptionCodec } from './data/encryption.js';
import { FileStorage } from './data/file-storage.js';
import { isShared } from './data/shared.js';

export { parseEncryptionKeys, type EncryptionKey } from '../secrets/encryption-keys.js';

/** How payloads are kept. Clients and workers of the same runs need the same settings. */
export interface DataSettings {
  /** Folder for payloads above the threshold, shared by all programs. Without it they must fit Temporal's 2 MB. */
  payloadDir?: string;
  /** Default 256 KiB, and at most that: the interpreter counts on it. */
  payloadThresholdBytes?: number;
  /** The first one encrypts; each decrypts what it has encrypted. Without keys nothing is encrypted. */
  encryptionKeys?: readonly EncryptionKey[];
}


/**
 * The data converter of the settings, for `DistriClient.connect`, `createWorker` and Temporal's own Client and Worker.
 * Payloads are encrypted before they are stored. With no settings at all it tells which key an encrypted payload needs.
 *
 * @throws DistriError `USAGE` for keys that cannot be used.
 */
export function createDataConverter(settings: DataSettings = {}): DataConverter {
  const { payloadDir, payloadThresholdBytes, encryptionKeys = [] } = settings;
  const codec = new EncryptionCodec(encryptionKeys);
  if (payloadDir === undefined) return { payloadCodecs: [codec] };
  const threshold = Math.min(payloadThresholdBytes ?? STORED_FROM_BYTES, STORED_FROM_BYTES);
  const files = new FileStorage(payloadDir);
  const externalStorage = new ExternalStorage({
    drivers: [files],
    payloadSizeThreshold: Math.min(threshold, SHARED_FROM_BYTES),
    driverSelector: (_context, payload) => ((payload.data?.length ?? 0) >= threshold || isShared(payload) ? files : null),
  });
  return { payloadCodecs: [codec], externalStorage };
}
