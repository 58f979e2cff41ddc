import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isObject } from '../definition/json.js';

/** The text of a file of this package, by its path from the package's root. */
export function packageFile(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
}

export function packageVersion(): string {
  const json: unknown = JSON.parse(packageFile('package.json'));
  return isObject(json) && typeof json.version === 'string' ? json.version : '0.0.0';
}
