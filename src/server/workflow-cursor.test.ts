import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isWellFormed } from '../definition/text.js';
import { cursorText, readCursor, shortHash } from './workflow-cursor.js';

it('reads every cursor as it was written, and writes it for a header', () => {
  const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter(isWellFormed);
  const runs = fc.uniqueArray(fc.tuple(fc.oneof(id, id.map((text) => `w-${text}`)), fc.nat(2 ** 40)), { selector: ([runId]) => runId, maxLength: 20 });
  fc.assert(
    fc.property(fc.nat(2 ** 45), runs, fc.uniqueArray(id, { maxLength: 20 }), (since, positions, done) => {
      const cursor = { since, runs: new Map(positions), done: new Set(done.map(shortHash)) };
      const text = cursorText('w', cursor);
      expect(text).toMatch(/^[!-~]+$/);
      expect(readCursor('w', text)).toEqual(cursor);
    }),
  );
});

it('refuses what is no cursor', () => {
  for (const text of ['', '?', 'a;b', 'a;%=1', 'a;x=-1', `a;x=${'z'.repeat(12)}`]) expect(() => readCursor('w', text), text).toThrow(/Last-Event-ID/);
});
