import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { parse } from 'yaml';

/** What the tests need of a service of `docker-compose.yml`. */
export interface Service {
  readonly image: string;
  readonly pull_policy?: string;
  readonly command?: string[];
  readonly environment?: { [name: string]: string };
  readonly healthcheck?: { readonly test: string[] };
  readonly stop_grace_period?: string;
  readonly cap_add?: string[];
  readonly profiles?: string[];
  readonly ports?: string[];
  readonly tmpfs?: string[];
}

/** What the tests need of an image of the `Dockerfile`. */
export interface Image {
  readonly user: string;
  readonly environment: { readonly [name: string]: string };
}

/** The services of the compose file, with its merges done and its `${…}` as they stand. */
export async function composeServices(): Promise<{ [name: string]: Service }> {
  const { services } = parse(await readFile('docker-compose.yml', 'utf8'), { merge: true }) as { services: { [name: string]: Service } };
  return services;
}

/** The stages of the `Dockerfile`, each with what it takes over from the one that it is built upon. */
export async function images(): Promise<{ [stage: string]: Image }> {
  const stages: { [stage: string]: Image } = {};
  let stage = '';
  for (const line of (await readFile('Dockerfile', 'utf8')).split('\n')) {
    const [word, ...rest] = line.split(' ');
    const image = stages[stage] ?? { user: 'root', environment: {} };
    if (word === 'FROM') {
      stage = rest[2] ?? '';
      stages[stage] = stages[rest[0] ?? ''] ?? { user: 'root', environment: {} };
    } else if (word === 'USER') {
      stages[stage] = { ...image, user: rest.join(' ') };
    } else if (word === 'ENV') {
      const [name = '', value = ''] = rest.join(' ').split('=');
      stages[stage] = { ...image, environment: { ...image.environment, [name]: value } };
    }
  }
  return stages;
}

/** Runs a file of the deployment as psql does: its variables come from the environment, and each statement stands alone. */
export async function runSql(client: pg.Client, file: string, env: { readonly [name: string]: string }): Promise<void> {
  const variables = new Map<string, string>();
  for (const line of (await readFile(file, 'utf8')).split('\n')) {
    const [, name, variable] = /^\\getenv (\w+) (\w+)$/.exec(line) ?? [];
    if (name !== undefined && variable !== undefined) variables.set(name, env[variable] ?? '');
    else await client.query(line.replace(/:'(\w+)'/g, (_, each: string) => client.escapeLiteral(variables.get(each) ?? '')));
  }
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
