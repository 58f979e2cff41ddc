/** Brings what several tell into one sequence. Who puts something waits until it is taken, so nothing heaps up. */
export class Mailbox<T> implements AsyncIterable<T> {
  readonly #left: { value: T; taken: () => void }[] = [];
  #failure: { error: unknown } | undefined;
  #wake: () => void = () => undefined;

  /** The sequence ends when the signal is aborted. */
  constructor(readonly signal: AbortSignal) {
    signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  /** Resolves when it is taken, or nobody will. */
  async put(value: T): Promise<void> {
    if (this.signal.aborted) return;
    await new Promise<void>((taken) => {
      this.#left.push({ value, taken });
      this.#wake();
    });
  }

  /** The sequence ends with this error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  #end(): void {
    for (const { taken } of this.#left.splice(0)) taken();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    while (!this.signal.aborted) {
      const next = this.#left.shift();
      if (next !== undefined) {
        try {
          yield next.value;
        } finally {
          next.taken();
        }
        continue;
      }
      if (this.#failure) throw this.#failure.error;
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
  }
}
