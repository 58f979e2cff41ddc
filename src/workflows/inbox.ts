/**
 * Holds what the run is told before its first turn. A replay sees the local activity that comes before that turn end
 * earlier than the run itself did, so what was told meanwhile must not matter until the turn is over.
 */
export class Inbox {
  #held: (() => void)[] | undefined = [];
  readonly #steps = new Set<string>();

  /** Does `act` now, or after the first turn. */
  take(act: () => void, stepId?: string): void {
    if (!this.#held) return act();
    this.#held.push(act);
    if (stepId !== undefined) this.#steps.add(stepId);
  }

  /** Whether something is held that will settle this step. */
  holds(stepId: string): boolean {
    return this.#steps.has(stepId);
  }

  /** The first turn is over. */
  open(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#steps.clear();
    for (const act of held) act();
  }
}
