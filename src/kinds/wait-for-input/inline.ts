import { resolveText } from '../../definition/references.js';
import type { Inline } from '../inline.js';
import type { ConfigOf } from '../schemas.js';

export const runWaitForInput: Inline<ConfigOf<'wait_for_input'>> = (config, lookup) => ({
  type: 'wait',
  message: resolveText(config.message, lookup),
  schema: config.schema ?? null,
});
