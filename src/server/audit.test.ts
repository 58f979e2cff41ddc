import { expect, it } from 'vitest';
import type { AuditEntry } from '../store/audit.js';
import { DeedLog } from './audit.js';

const deed = (n: number): AuditEntry => ({ actor: 'ann', action: 'run.start', target: `run:${n}` });

/** A log that takes what it is given when it is let, and whose writes fail when told. */
function stage() {
  const written: AuditEntry[][] = [];
  const lost: unknown[] = [];
  const waiting: (() => void)[] = [];
  let problem: Error | undefined;
  const record = async (...entries: AuditEntry[]): Promise<void> => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    if (problem !== undefined) throw problem;
    written.push(entries);
  };
  const deeds = new DeedLog({ record }, { error: (line: unknown) => void lost.push(line) });
  const goOn = async (): Promise<void> => {
    await Promise.resolve();
    waiting.shift()?.();
  };
  return { deeds, written, lost, goOn, fail: (error: Error) => (problem = error) };
}

it('writes all that comes meanwhile in one statement, and tells when all is written', async () => {
  const { deeds, written, goOn } = stage();
  deeds.note(deed(1));
  await Promise.resolve();
  for (const n of [2, 3, 4]) deeds.note(deed(n));
  const flushed = deeds.flush();
  await goOn();
  await expect.poll(async () => (await goOn(), written)).toEqual([[deed(1)], [deed(2), deed(3), deed(4)]]);
  await flushed;
});

it('puts into the log of the server what cannot be written, and goes on', async () => {
  const { deeds, lost, goOn, fail } = stage();
  fail(new Error('no database'));
  deeds.note(deed(1));
  await goOn();
  await deeds.flush();
  expect(lost).toEqual([{ entry: deed(1), reason: 'Error: no database' }]);
});

it('keeps no more than it can write at once', async () => {
  const { deeds, lost } = stage();
  for (let n = 0; n < 5_001; n += 1) deeds.note(deed(n));
  expect(lost).toEqual([{ entry: deed(5_000), reason: expect.stringContaining('too many') as string }]);
});
