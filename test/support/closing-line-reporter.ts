import { relative } from 'node:path';
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const SLOWEST = 10;

/**
 * Ends the output with the slowest files, with the tests that passed only when they were tried again, and with `N passed, N failed`
 * alone on a line. A file that could not be loaded and an error outside of all tests count as failed too, so that the line never
 * reads better than the run was.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: 'passed' | 'failed'): number => tests.filter((test) => test.result().state === state).length;
    const failed = count('failed') + unhandled.length + modules.reduce((sum, module) => sum + module.errors().length, 0);
    const again = tests.filter((test) => test.diagnostic()?.flaky === true);
    const lines = [...slowest(modules), ...retried(again), `${count('passed')} passed, ${failed} failed`];
    // Behind the summary, which another reporter may still be writing.
    process.once('exit', () => process.stdout.write(`${lines.join('\n')}\n`));
  }
}

function slowest(modules: readonly TestModule[]): string[] {
  if (modules.length <= SLOWEST) return [];
  const times = modules.map((module) => ({ file: fileOf(module), secs: module.diagnostic().duration / 1_000 }));
  times.sort((a, b) => b.secs - a.secs);
  return ['The slowest files:', ...times.slice(0, SLOWEST).map(({ file, secs }) => `  ${secs.toFixed(1).padStart(6)} s  ${file}`)];
}

/** A test that fails now and then hides a race, in the test or in the product. */
function retried(tests: readonly TestCase[]): string[] {
  if (tests.length === 0) return [];
  return [`Failed once and passed when tried again (${tests.length}), to be mended:`, ...tests.map((test) => `  ${fileOf(test.module)} > ${test.fullName}`)];
}

const fileOf = ({ moduleId }: TestModule): string => relative(process.cwd(), moduleId);
