import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { JsonObject, Run, RunSnapshot } from '../../src/client/index.js';
import { collect } from '../client/stage.js';
import { insist, seqsOf, sharedTheatre, until, work } from './support.js';

const stage = sharedTheatre();

let gates = 0;
const newGate = () => stage.theatre.gate(String((gates += 1)));

const callsOf = async (run: Run, step: string) => (await stage.theatre.calls()).filter((call) => call.run === run.id && call.step === step);

const comes = (what: string, run: Run, good: (snapshot: RunSnapshot) => boolean) => until(what, async () => good(await run.snapshot()));

describe.each(stage.deaths)('when %s', (_what, die) => {
  test('a run that its user has paused stays so until he lets it go on', async () => {
    const gate = newGate();
    const run = await stage.theatre.client.start({ id: 'paused', steps: [work('first', { gate }), work('second')] });
    await until('the first step runs', async () => (await callsOf(run, 'first')).length === 1);
    await run.pause();
    await writeFile(gate, '');
    await comes('the first step has ended', run, ({ steps }) => steps['first']?.status === 'done');
    await die();

    await insist('the run can be looked at', () => run.snapshot());
    expect(await run.snapshot()).toMatchObject({ status: 'paused', paused: { by: 'user' }, steps: { second: { status: 'pending' } } });
    expect(await callsOf(run, 'second')).toEqual([]);
    await insist('it is resumed', () => run.resume());
    expect(await run.result()).toMatchObject({ status: 'completed', steps: { first: { attempts: 1 }, second: { attempts: 1 } } });
    expect([await callsOf(run, 'first'), await callsOf(run, 'second')].map((calls) => calls.length)).toEqual([1, 1]);
  }, 300_000);

  test('a run that holds for a failed step still does, and goes on when it is retried', async () => {
    const steps = [work('first'), work('flaky', { failures: 1 }), work('last')];
    const run = await stage.theatre.client.start({ id: 'held', on_failure: 'hold', steps });
    await comes('the run holds', run, ({ paused }) => paused?.by === 'failure');
    await die();

    await insist('the run can be looked at', () => run.snapshot());
    expect(await run.snapshot()).toMatchObject({ status: 'paused', paused: { by: 'failure' }, steps: { flaky: { status: 'failed', held: true } } });
    await insist('it is retried', () => run.retry('flaky'));
    const end = await run.result();
    expect(end).toMatchObject({ status: 'completed', steps: { first: { attempts: 1 }, flaky: { status: 'done' } } });
    const calls = await Promise.all(['first', 'flaky', 'last'].map((step) => callsOf(run, step)));
    expect(calls.map(({ length }) => length)).toEqual([1, 2, 1]);
    expect(end.steps['flaky']?.result).toMatchObject({ mark: calls[1]?.[1]?.mark });
  }, 300_000);

  test('a delay lasts as long as it was to last, and no longer for that', async () => {
    const delay = { id: 'rest', kind: { type: 'delay', secs: 20 } };
    const run = await stage.theatre.client.start({ id: 'delayed', steps: [work('first'), delay, work('last')] });
    await comes('the delay has begun', run, ({ steps }) => steps['rest']?.status === 'running');
    const due = Date.parse((await run.snapshot()).steps['rest']?.until ?? '');
    await die();

    const end = await run.result();
    expect(end).toMatchObject({ status: 'completed', steps: { rest: { status: 'done', result: { until: new Date(due).toISOString() } } } });
    expect(Date.parse(end.steps['rest']?.completed_at ?? '')).toBeGreaterThanOrEqual(due);
    expect([await callsOf(run, 'first'), await callsOf(run, 'last')].map(({ length }) => length)).toEqual([1, 1]);
  }, 300_000);

  test('a migration that was accepted is made once, when the running step has ended', async () => {
    const gate = newGate();
    const document = (...more: JsonObject[]) => ({ id: 'migrated', steps: [work('first'), work('long', { gate }), ...more] });
    const run = await stage.theatre.client.start(document(work('old')));
    const reading = collect(run.events());
    await until('the long step runs', async () => (await callsOf(run, 'long')).length === 1);
    const moving = run.migrate(document(work('new'), work('last'))).catch((error: unknown) => error);
    await comes('the migration is accepted', run, ({ migrating_to }) => migrating_to !== undefined);
    await die();

    await insist('the run can be looked at', () => run.snapshot());
    expect((await run.snapshot()).migrating_to).toBeDefined();
    await writeFile(gate, '');
    const end = await run.result();
    await moving;
    expect(end.status).toBe('completed');
    expect(Object.keys(end.steps)).toEqual(['first', 'long', 'new', 'last']);
    expect(end.migrations).toHaveLength(1);
    const calls = await Promise.all(['first', 'old', 'new', 'last'].map((step) => callsOf(run, step)));
    expect(calls.map(({ length }) => length)).toEqual([1, 0, 1, 1]);
    // The long step was under way: it is done again where its worker died, and its result is that of the last who did it.
    expect(end.steps['long']?.result).toMatchObject({ mark: (await callsOf(run, 'long')).at(-1)?.mark });
    const events = await reading;
    expect(events.filter(({ event }) => event === 'run_migrated')).toHaveLength(1);
    expect(seqsOf(events)).toEqual(seqsOf(events).map((_, position) => position + 1));
  }, 300_000);
});
