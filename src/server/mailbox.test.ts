import { describe, expect, it } from 'vitest';
import { Mailbox } from './mailbox.js';

describe('a mailbox', () => {
  it('lets who puts something wait until it was taken', async () => {
    const over = new AbortController();
    const box = new Mailbox<number>(over.signal);
    const log: string[] = [];
    const put = async (value: number) => {
      await box.put(value);
      log.push(`put ${value}`);
    };
    void put(1);
    void put(2);
    const taken = box[Symbol.asyncIterator]();
    expect((await taken.next()).value).toBe(1);
    expect(log).toEqual([]);
    expect((await taken.next()).value).toBe(2);
    expect(log).toEqual(['put 1']);
    const next = taken.next();
    void put(3);
    expect((await next).value).toBe(3);
  });

  it('leaves nobody waiting when it is over', async () => {
    const over = new AbortController();
    const box = new Mailbox<number>(over.signal);
    const waiting = [box.put(1), box.put(2)];
    over.abort();
    await Promise.all(waiting);
    await box.put(3);
    expect((await box[Symbol.asyncIterator]().next()).done).toBe(true);
  });

  it('ends with a failure, after what came before', async () => {
    const box = new Mailbox<number>(new AbortController().signal);
    void box.put(1);
    box.fail(new Error('broken'));
    const taken = box[Symbol.asyncIterator]();
    expect((await taken.next()).value).toBe(1);
    await expect(taken.next()).rejects.toThrow('broken');
  });
});
