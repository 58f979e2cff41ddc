import type { DistriClient } from '../../client/index.js';
import { own } from '../../definition/json.js';
import { elementIn, type Address } from '../address.js';
import { UsageError } from '../errors.js';

/** The step, or the element of it, that `STEP`, `STEP[3]` or `STEP --index 3` names; a step called `STEP[3]` comes first. */
export async function addressedStep(client: DistriClient, runId: string, text: string, index?: number): Promise<Address> {
  const element = elementIn(text);
  if (element === undefined || index !== undefined) return { stepId: text, index };
  const { steps } = await client.getRun(runId).snapshot();
  if (own(steps, text) !== undefined) return { stepId: text };
  const step = own(steps, element.stepId);
  if (step === undefined) throw new UsageError(`Run '${runId}' has no step '${element.stepId}'`, `Its steps: ${Object.keys(steps).slice(0, 20).join(', ')}.`);
  return element;
}

/** The options of the client's methods for an element. */
export function indexOption({ index }: Address): { index?: number } {
  return index === undefined ? {} : { index };
}
