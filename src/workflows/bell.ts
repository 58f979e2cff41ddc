/** Rung whenever something happened that the run must look at. */
export class Bell {
  rung = false;

  ring(): void {
    this.rung = true;
  }

  rest(): void {
    this.rung = false;
  }
}
