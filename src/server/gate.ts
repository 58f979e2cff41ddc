import { DistriError } from '../definition/errors.js';

/** Lets so many pieces of work in at once, and so many more wait for their turn; what comes on top is refused. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(
    readonly atOnce: number,
    readonly mostWaiting: number,
  ) {}

  /** @throws DistriError `OVERLOADED` when too many wait already; nothing was done then */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#inside < this.atOnce) {
      this.#inside += 1;
      return;
    }
    if (this.#waiting.length >= this.mostWaiting) {
      throw new DistriError('OVERLOADED', `The server starts ${this.atOnce} runs at once and ${this.mostWaiting} more wait: nothing was done`, { hint: 'Try again after the seconds of Retry-After, with the same Idempotency-Key.' });
    }
    await new Promise<void>((enter) => this.#waiting.push(enter));
  }

  /** The place goes to who has waited longest. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#inside -= 1;
    else next();
  }
}
