import { resolveText } from '../../definition/references.js';
import type { Inline } from '../inline.js';
import type { ConfigOf } from '../schemas.js';

export const runCheckpoint: Inline<ConfigOf<'checkpoint'>> = (config, lookup) => ({
  type: 'done',
  result: { message: resolveText(config.message, lookup) },
});
