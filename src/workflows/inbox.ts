/**
 * Holds what the run is told before its first turn. A replay sees the local activity that comes before that turn end
 * earlier than the run itself did, so what was told meanwhile must not matter until the turn is over.
 */
export class Inbox {
  #held: (() => void)[] | undefined = [];
  readonly #addressed = new Set<string>();

  /** Does `act` now, or after the first turn. */
  take(act: () => void, address?: string): void {
    if (!this.#held) return act();
    this.#held.push(act);
    if (address !== undefined) this.#addressed.add(address);
  }

  /** Whether something is held that is addressed to this step or element. */
  holds(address: string): boolean {
    return this.#addressed.has(address);
  }

  /** The first turn is over. */
  open(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#addressed.clear();
    for (const act of held) act();
  }
}
