// Writes schema/workflow.schema.json from the built sources; with --check, only says whether it is current.
import process from 'node:process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';
import { documentJsonSchema } from '../dist/definition/document-schema.js';

const file = fileURLToPath(new URL('../schema/workflow.schema.json', import.meta.url));
const current = `${JSON.stringify(documentJsonSchema(), null, 2)}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(file, current);
} else if (readFileSync(file, 'utf8') !== current) {
  process.stderr.write('schema/workflow.schema.json is out of date: run `npm run schema`.\n');
  process.exitCode = 1;
}
