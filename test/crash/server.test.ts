import { afterAll, beforeAll, expect, test } from 'vitest';
import { collect } from '../client/stage.js';
import { run as command } from '../cli/support.js';
import { openTheatre, seqsOf, until, work, type Theatre } from './support.js';

let theatre: Theatre;

beforeAll(async () => {
  theatre = await openTheatre();
  await theatre.worker();
});
afterAll(() => theatre.close());

test('runs go on when the server is killed and comes back, and their readers miss nothing and see nothing twice', async () => {
  const gate = theatre.gate('server');
  const ask = { id: 'ask', kind: { type: 'wait_for_input', message: 'Well?' }, depends_on: ['first'] };
  const copy = work('copy', {}, { requires: [{ skill: 'google:drive' }], depends_on: ['first'] });
  const runs = [
    await theatre.client.start({ id: 'works', steps: [work('first'), work('long', { gate }, { depends_on: ['first'] })] }),
    await theatre.client.start({ id: 'waits', steps: [work('first'), ask] }),
    await theatre.client.start({ id: 'blocks', steps: [work('first'), copy] }),
  ] as const;
  const [, waits, blocks] = runs;
  const readers = runs.map((run) => collect(run.events()));
  await until('the long step runs', async () => (await theatre.calls()).some((call) => call.step === 'long'));
  await until('a run waits', async () => (await waits.snapshot()).status === 'paused');
  await until('a run is blocked', async () => (await blocks.snapshot()).status === 'blocked');

  await theatre.crashServer();
  await theatre.open('server');
  // It may be taken though its answer is lost: by its id it counts once, and is known when it is sent again.
  const answer = () => waits.answer('ask', { fine: true }, { updateId: 'once' });
  await until('the answer is taken', () => answer().then(() => true, () => false));
  const added = await command(['connections', 'add', 'google:drive', '--env', 'USER_NAME=kim'], {
    cwd: theatre.folder,
    env: { TEMPORAL_ADDRESS: theatre.address },
  });
  expect(added).toMatchObject({ code: 0 });

  const ends = await Promise.all(runs.map((run) => run.result()));
  expect(ends.map((end) => end.status)).toEqual(['completed', 'completed', 'completed']);
  const events = await Promise.all(readers);
  for (const [index, end] of ends.entries()) {
    const read = events[index] ?? [];
    expect(seqsOf(read)).toEqual(seqsOf(read).map((_, position) => position + 1));
    expect(read.at(-1)).toMatchObject({ event: 'workflow_completed', status: 'completed' });
    const calls = (await theatre.calls()).filter((call) => call.run === end.run_id && call.step === 'first');
    expect(calls).toHaveLength(1);
    expect(end.steps['first']).toMatchObject({ attempts: 1, result: { mark: calls[0]?.mark } });
  }
  expect(ends[0]?.steps['long']?.result).toMatchObject({ mark: (await theatre.calls()).findLast((call) => call.step === 'long')?.mark });
}, 300_000);
