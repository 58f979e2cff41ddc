import { DistriError } from '../../definition/errors.js';
import { isLoopbackHost } from '../../definition/loopback.js';
import type { Authentication } from './index.js';

/**
 * A server without login listens on this machine only.
 * @throws DistriError `UNSAFE_ADDRESS`
 */
export function assertSafeAddress(host: string, { mode }: Authentication): void {
  if (mode !== 'local' || isLoopbackHost(host)) return;
  throw new DistriError('UNSAFE_ADDRESS', `The API would be open to everybody who reaches ${host}: it has no login`, {
    hint: 'Set DISTRI_AUTH=tokens, or listen on 127.0.0.1.',
  });
}
