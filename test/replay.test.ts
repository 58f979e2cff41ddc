import { readdir, readFile } from 'node:fs/promises';
import { Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { recorded } from '../scripts/history-cases.mjs';
import { installRuntime } from '../src/worker/logger.js';

interface Recorded {
  events: { [attributes: string]: unknown }[];
}

const root = new URL('histories/', import.meta.url);
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
const names = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.json')).map((name) => name.replaceAll('\\', '/'));

const read = async (name: string): Promise<Recorded> => JSON.parse(await readFile(new URL(name, root), 'utf8')) as Recorded;

/** The id that the run had, which is part of those of its children. */
function workflowIdOf({ events }: Recorded): string | undefined {
  const started = events[0]?.['workflowExecutionStartedEventAttributes'] as { workflowId?: string } | undefined;
  return started?.workflowId;
}

/** What the current interpreter says to a history; undefined: it would have done the same. */
async function replay(history: Recorded, workflowId: string): Promise<Error | undefined> {
  const options = { workflowBundle: { codePath: inject('workflowBundlePath') } };
  for await (const { error } of Worker.runReplayHistories(options, [{ workflowId, history }])) return error;
  throw new Error('The history was not replayed');
}

beforeAll(() => void installRuntime(pino({ level: 'silent' })));

describe('the interpreter of today continues the runs of', () => {
  test.each(names)('%s', async (name) => {
    const history = await read(name);
    expect(await replay(history, workflowIdOf(history) ?? name.replace(/^.*\/|\.json$/g, ''))).toBeUndefined();
  });
});

test('every case is recorded for this version', async () => {
  const expected = [...recorded, 'catalogue'].map((name) => `${version}/${name}.json`);
  expect(names.filter((name) => name.startsWith(`${version}/`)).sort()).toEqual(expected.sort());
});

test('no history names a folder of the machine that recorded it', async () => {
  for (const name of names) expect(await readFile(new URL(name, root), 'utf8'), name).not.toMatch(/file:\/\/|\((?:\/|[A-Z]:)/);
});

test('an interpreter that would have scheduled something else is found out', async () => {
  const history = await read(`${version}/linear.json`);
  const scheduled = history.events.map((event) => event['activityTaskScheduledEventAttributes'] as { activityId: string } | undefined);
  const first = scheduled.find((attributes) => attributes !== undefined);
  if (first) first.activityId = 'another';
  expect(await replay(history, 'linear')).toMatchObject({ message: expect.stringMatching(/another/) as string });
});
