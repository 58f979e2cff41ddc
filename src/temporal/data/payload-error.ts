import type { Code } from '../../definition/codes.js';
import { DistriError } from '../../definition/errors.js';

/** A payload cannot be read or kept. Its name is its code: what the SDK makes of it on a worker carries that as its type. */
export class PayloadError extends DistriError {
  constructor(
    code: Extract<Code, 'CODEC_MISMATCH' | 'PAYLOAD_MISSING' | 'PAYLOAD_DAMAGED' | 'PAYLOAD_NOT_STORED'>,
    message: string,
    options?: { cause?: unknown; hint?: string },
  ) {
    super(code, message, options);
    this.name = code;
  }
}
