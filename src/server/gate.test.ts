import { describe, expect, it } from 'vitest';
import { Gate } from './gate.js';

describe('a gate', () => {
  it('lets so many in at once, the others in their order, and refuses what is too much', async () => {
    const gate = new Gate(2, 2);
    const log: string[] = [];
    const ends: (() => void)[] = [];
    const work = (name: string) => gate.run(async () => {
      log.push(name);
      await new Promise<void>((end) => ends.push(end));
      return name;
    });
    const admitted = ['a', 'b', 'c', 'd'].map(work);
    await expect(work('e')).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(log).toEqual(['a', 'b']);
    ends[1]?.();
    await expect.poll(() => log).toEqual(['a', 'b', 'c']);
    ends[0]?.();
    await expect.poll(() => log).toEqual(['a', 'b', 'c', 'd']);
    for (const end of ends) end();
    expect(await Promise.all(admitted)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives the place of work that failed to the next', async () => {
    const gate = new Gate(1, 1);
    const failing = gate.run(async () => Promise.reject(new Error('no')));
    const next = gate.run(async () => 'next');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('next');
    expect(await gate.run(async () => 'again')).toBe('again');
  });
});
