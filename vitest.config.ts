import { devNull } from 'node:os';
import { defineConfig } from 'vitest/config';
import ClosingLineReporter from './test/support/closing-line-reporter.js';

const isCI = process.env['CI'] !== undefined;

export default defineConfig({
  test: {
    // Real processes share two cores: in CI a test that fails is tried once more. The closing lines name each test that needed it, and
    // DISTRI_TEST_STRICT counts it as failed.
    retry: isCI && process.env['DISTRI_TEST_STRICT'] === undefined ? 1 : 0,
    reporters: [isCI ? ['default', { summary: false }] : 'default', new ClosingLineReporter()],
    // What servers and libraries print drowns what failed.
    silent: 'passed-only',
    // No test connects to a server of the user's Temporal configuration.
    env: { TEMPORAL_CONFIG_FILE: devNull },
    projects: [
      // Pure code for the most part: files share a process, which loads each module once.
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts'], isolate: false, maxWorkers: 2, testTimeout: 60_000 } },
      {
        extends: true,
        test: {
          name: 'server',
          include: ['test/**/*.test.ts'],
          exclude: ['test/long/**'],
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
