/** A step, or an element of its fan-out. */
export interface Address {
  readonly stepId: string;
  readonly index?: number | undefined;
}

/** How people write it: `STEP`, `STEP[3]`. */
export function writeAddress({ stepId, index }: Address): string {
  return index === undefined ? stepId : `${stepId}[${index}]`;
}

/** `STEP[3]` taken apart, when it looks like that; a step may be called so itself. */
export function elementIn(text: string): Required<Address> | undefined {
  const [, stepId, index] = /^(.+)\[(\d{1,9})\]$/su.exec(text) ?? [];
  return stepId === undefined ? undefined : { stepId, index: Number(index) };
}
