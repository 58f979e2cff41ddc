import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ANNOUNCEMENT_TTL_SECS } from '../definition/messages.js';
import { Announcer } from './announce.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a worker stays in the catalogue though two renewals in a row fail', async () => {
  const answers = [true, false, false, true];
  const taken: number[] = [];
  const signalWithStart = async (): Promise<object> => {
    if (answers.shift() === false) throw new Error('the server is away');
    taken.push(Date.now());
    return { signaledRunId: 'first' };
  };
  const announcer = new Announcer({
    client: { workflow: { signalWithStart } } as unknown as Client,
    prefix: 'test',
    identity: 'me',
    skills: () => [],
    tools: [],
    logger: pino({ level: 'silent' }),
  });
  await announcer.start();
  await vi.advanceTimersByTimeAsync(ANNOUNCEMENT_TTL_SECS * 1000 - 1);
  expect(taken).toHaveLength(2);
  await announcer.withdraw();
});
