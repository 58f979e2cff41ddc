import { z } from 'zod';
import { LONGEST_SECS } from './delay/values.js';

/** A length of time in a document. A shorter or longer one is a mistake, and Temporal would not take it. */
export const seconds = z.number().min(0.001).max(LONGEST_SECS);
