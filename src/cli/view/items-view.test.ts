import { expect, test } from 'vitest';
import { itemsOfSnapshot, settleItems } from './items-view.js';
import { progressOf } from './notes.js';

test('counts the elements that wait beyond those that the snapshot lists', () => {
  const waiting = Array.from({ length: 100 }, (_, index) => ({ index, message: 'Fine?' }));
  const items = itemsOfSnapshot({ total: 600, done: 0, failed: 0, running: 0, waiting, waiting_total: 600 });
  expect(progressOf(items)).toBe('0/600, 600 wait for an answer');
  settleItems(items, 600);
  expect(progressOf(items)).toBe('600/600');
});
