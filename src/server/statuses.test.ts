import { expect, it } from 'vitest';
import { DistriError } from '../definition/errors.js';
import { statusOf } from './problem.js';

it('blames the server for what no request can cause', () => {
  for (const code of ['BAD_SECRET_KEY', 'CODEC_MISMATCH', 'PAYLOAD_MISSING', 'PAYLOAD_DAMAGED', 'PAYLOAD_NOT_STORED', 'SEARCH_ATTRIBUTES_MISSING', 'RUN_FAILED'] as const) {
    expect(statusOf(new DistriError(code, '')), code).toBeGreaterThanOrEqual(500);
  }
  for (const code of ['WRONG_TYPE', 'BAD_ID', 'BAD_TRIGGER', 'UNKNOWN_STEP'] as const) expect(statusOf(new DistriError(code, '')), code).toBe(400);
});
