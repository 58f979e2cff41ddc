/** Ids that are remembered: a client sends an update again within seconds. */
const MOST = 100;

/**
 * The ids of the updates that a run has taken, the newest last. Within one execution the server lets an update count once;
 * one that is sent again after the run has continued as new must be known by its id.
 */
export class TakenUpdates {
  readonly #ids = new Set<string>();

  get ids(): string[] {
    return [...this.#ids];
  }

  has(id: string | undefined): boolean {
    return id !== undefined && this.#ids.has(id);
  }

  add(id: string | undefined): void {
    if (id === undefined) return;
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (this.#ids.size > MOST && oldest !== undefined) this.#ids.delete(oldest);
  }
}
