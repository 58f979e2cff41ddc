/** Rung whenever something happened that the run must look at. */
export class Bell {
  #rung = false;
  #wake = (): void => undefined;

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  rest(): void {
    this.#rung = false;
  }

  /**
   * Resolves once it has been rung since the last rest. One plain promise: the SDK's `condition` makes five, and the
   * sandbox records a stack trace for each.
   */
  heard(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#rung) resolve();
      else this.#wake = resolve;
    });
  }
}
