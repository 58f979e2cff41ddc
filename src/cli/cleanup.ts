/** Everything a command has started, stopped in reverse order however the command ends. */
export class Cleanup {
  private readonly tasks: (() => Promise<void>)[] = [];

  add(stop: () => Promise<void>): void {
    this.tasks.push(stop);
  }

  /** Stops everything, also when one of the stops fails; the first failure is thrown at the end. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let stop = this.tasks.pop(); stop !== undefined; stop = this.tasks.pop()) {
      await stop().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** Runs `work` and stops what it has started, also when it throws. */
export async function withCleanup<T>(work: (cleanup: Cleanup) => Promise<T>): Promise<T> {
  const cleanup = new Cleanup();
  let result: T;
  try {
    result = await work(cleanup);
  } catch (error) {
    // What went wrong first is what the user must hear.
    await cleanup.close().catch(() => undefined);
    throw error;
  }
  await cleanup.close();
  return result;
}
