import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** What the tests need of a service of `docker-compose.yml`. */
export interface Service {
  readonly image: string;
  readonly command?: string[];
  readonly environment?: { [name: string]: string };
  readonly healthcheck?: { readonly test: string[] };
  readonly stop_grace_period?: string;
}

/** The services of the compose file, with its merges done and its `${…}` as they stand. */
export async function composeServices(): Promise<{ [name: string]: Service }> {
  const { services } = parse(await readFile('docker-compose.yml', 'utf8'), { merge: true }) as { services: { [name: string]: Service } };
  return services;
}

/** The lines of `.env.example`, filled in where one must. */
export async function filledEnvironment(required: { [name: string]: string }): Promise<{ [name: string]: string }> {
  const lines = (await readFile('.env.example', 'utf8')).split('\n').filter((line) => /^\w+=/.test(line));
  const given = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  for (const name of Object.keys(required)) if (given[name] !== '') throw new Error(`.env.example has no empty ${name}`);
  return { ...given, ...required };
}

/** Puts variables in as compose does. Throws for one that must be there. */
export function substitute(text: string, env: { readonly [name: string]: string }): string {
  return text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, how: string | undefined, rest: string | undefined) => {
    const value = env[name] ?? '';
    if (value !== '' || how === undefined) return value;
    if (how === '?') throw new Error(`${name} is missing: ${rest}`);
    return rest ?? '';
  });
}
