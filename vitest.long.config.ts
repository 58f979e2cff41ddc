import { defineConfig } from 'vitest/config';
import ClosingLineReporter from './test/support/closing-line-reporter.js';

/** The tests that take minutes: `npm run test:long`. */
export default defineConfig({
  test: {
    reporters: ['default', new ClosingLineReporter()],
    include: ['test/long/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
