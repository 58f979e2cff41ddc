import { password } from '@inquirer/prompts';
import { text } from 'node:stream/consumers';
import { UsageError } from '../errors.js';

/** Asks for secrets by name, hidden on a terminal, else a line of stdin each, in this order. Keeps them off the command line. */
export async function readSecrets(names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  return process.stdin.isTTY === true ? askSecrets(names) : readLines(names);
}

async function askSecrets(names: readonly string[]): Promise<string[]> {
  const secrets: string[] = [];
  for (const name of names) {
    const validate = (value: string) => value !== '' || 'It must not be empty.';
    secrets.push(await password({ message: name, mask: '•', validate }, { output: process.stderr }));
  }
  return secrets;
}

async function readLines(names: readonly string[]): Promise<string[]> {
  const lines = (await text(process.stdin)).split(/\r?\n/);
  return names.map((name, index) => {
    const line = lines[index];
    if (line === undefined || line === '') throw new UsageError(`No value for ${name}`, 'Give NAME=VALUE, or the value as a line of stdin.');
    return line;
  });
}
