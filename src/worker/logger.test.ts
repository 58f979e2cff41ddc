import { ApplicationFailure } from '@temporalio/common';
import { Runtime } from '@temporalio/worker';
import { afterAll, expect, test } from 'vitest';
import { pino } from 'pino';
import { installRuntime } from './logger.js';

const lines: string[] = [];
const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });

afterAll(() => Runtime.instance().shutdown());

test('sends the log of Temporal to the given logger, once a process', async () => {
  expect(installRuntime(logger)).toBe(true);
  expect(installRuntime(pino({ level: 'silent' }))).toBe(false);
  const error = ApplicationFailure.create({ message: 'it broke', type: 'TOOL_FAILED', details: ['a payload'] });
  Runtime.instance().logger.warn('Activity failed', { activityId: 'step', error });
  Runtime.instance().logger.debug('too fine');
  Runtime.instance().logger.info('Worker state changed', { sdkComponent: 'worker', state: 'RUNNING' });
  Runtime.instance().flushLogs();
  await new Promise((resolve) => setTimeout(resolve, 300));

  const entries = lines.map((line) => JSON.parse(line) as { [key: string]: unknown });
  expect(entries).toHaveLength(1);
  expect(entries[0]).toMatchObject({ level: 40, msg: 'Activity failed', activityId: 'step', error: { message: 'it broke' } });
  expect(lines.join('')).not.toContain('a payload');
});
