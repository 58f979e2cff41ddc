import type { Worker } from '@temporalio/worker';

/**
 * The Temporal Workers of one process, by task queue. They live and die together: when one ends, for whatever reason,
 * the others are shut down.
 */
export class WorkerGroup {
  readonly #workers = new Map<string, Worker>();
  readonly #running = new Set<Promise<void>>();
  #state: 'idle' | 'running' | 'stopping' = 'idle';
  #failure: Error | undefined;

  /** Adds a Worker that has not run yet; it starts at once when the group runs, and never when the group is stopping. */
  async add(queue: string, worker: Worker): Promise<void> {
    if (this.#state === 'stopping') return letGo(worker);
    this.#workers.set(queue, worker);
    if (this.#state === 'running') this.#start(worker);
  }

  get queues(): ReadonlyMap<string, Worker> {
    return this.#workers;
  }

  get isRunning(): boolean {
    return this.#state === 'running' && [...this.#workers.values()].every((worker) => worker.getState() === 'RUNNING');
  }

  /** Resolves when all Workers have ended; rejects with the first one's error. */
  async run(): Promise<void> {
    if (this.#state === 'idle') {
      this.#state = 'running';
      for (const worker of this.#workers.values()) this.#start(worker);
    }
    while (this.#running.size > 0) await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Stops polling; activities that run go on for the Workers' grace time. Resolves when all have ended, and never rejects. */
  async stop(): Promise<void> {
    const never = this.#state === 'idle';
    this.#state = 'stopping';
    if (never) await Promise.allSettled([...this.#workers.values()].map(letGo));
    for (const worker of this.#workers.values()) if (worker.getState() === 'RUNNING') worker.shutdown();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #start(worker: Worker): void {
    const ended = worker
      .run()
      .catch((error: unknown) => {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => {
        this.#running.delete(ended);
        void this.stop();
      });
    this.#running.add(ended);
  }
}

/** A Worker that has never run holds its connection: it lets go of it by running for a moment. */
async function letGo(worker: Worker): Promise<void> {
  await worker.runUntil(Promise.resolve());
}
