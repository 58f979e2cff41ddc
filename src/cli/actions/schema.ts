import type { Context } from '../context.js';
import { EXIT } from '../errors.js';
import { packageFile } from '../package-files.js';

/** Prints the JSON Schema of the document format. */
export async function printSchema({ terminal }: Context): Promise<number> {
  terminal.print(packageFile('schema/workflow.schema.json').trimEnd());
  return EXIT.completed;
}
