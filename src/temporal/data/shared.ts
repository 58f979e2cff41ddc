import type { Payload } from '@temporalio/common';
import { SHARED_MARK } from '../../definition/messages.js';

const MARK = Buffer.from(SHARED_MARK);
/** Metadata of an encrypted payload, by which it is known too. */
export const SHARED_KEY = 'distri-shared';

/** Whether a payload holds what all elements of a fan-out are sent alike. */
export function isShared({ data, metadata }: Payload): boolean {
  if (metadata?.[SHARED_KEY]) return true;
  return data != null && data.length > MARK.length && Buffer.compare(data.subarray(0, MARK.length), MARK) === 0;
}
