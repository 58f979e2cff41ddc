/** Updates that could not be decided when they came: what the run was to learn in the same breath had yet to take effect. */
export class Undecided {
  readonly #waiting: (() => void)[] = [];

  get any(): boolean {
    return this.#waiting.length > 0;
  }

  /** What `decide` gives or throws after the next turn of the run. */
  add<T>(decide: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(decide());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  /** Decides all. Whether there were any: what they did needs another turn. */
  decide(): boolean {
    const waiting = this.#waiting.splice(0);
    for (const decide of waiting) decide();
    return waiting.length > 0;
  }
}
