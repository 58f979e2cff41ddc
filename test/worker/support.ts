import { randomUUID } from 'node:crypto';

/** A queue prefix of one test's own, so that tests on one server do not see each other's workers. */
export function uniquePrefix(name: string): string {
  return `${name}-${randomUUID().slice(0, 8)}`;
}

/** Looks every 100 ms until what it sees is good, for at most a minute. */
export async function until<T>(look: () => Promise<T> | T, good: (value: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 60_000; ; ) {
    const value = await look();
    if (good(value)) return value;
    if (Date.now() > deadline) throw new Error(`did not come true within a minute: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
