import { randomUUID } from 'node:crypto';

/** A queue prefix of one test's own, so that tests on one server do not see each other's workers. */
export function uniquePrefix(name: string): string {
  return `${name}-${randomUUID().slice(0, 8)}`;
}

/** Looks every 100 ms until what it sees is good, for at most ten seconds. */
export async function until<T>(look: () => Promise<T> | T, good: (value: T) => boolean): Promise<T> {
  let value = await look();
  for (let tries = 0; tries < 100; tries += 1) {
    if (good(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
    value = await look();
  }
  throw new Error(`did not come true within 10 s: ${JSON.stringify(value)}`);
}
