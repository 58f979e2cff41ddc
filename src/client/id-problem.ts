import { isWellFormed } from '../definition/text.js';

/** Why Temporal does not take a text as an id; undefined when it does. `longest`: in bytes. */
export function idProblem(id: string, longest: number): string | undefined {
  const bytes = Buffer.byteLength(id);
  if (bytes === 0) return 'is empty';
  if (bytes > longest) return `has ${bytes} bytes, more than ${longest}`;
  return isWellFormed(id) ? undefined : 'is not well-formed Unicode';
}
