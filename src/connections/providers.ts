import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeIssues } from '../activities/connections-schema.js';
import { DistriError } from '../definition/errors.js';
import { providerSchema, type Provider, type ProviderClient } from './provider.js';

/** The providers that the package brings. */
const BUILT_IN = fileURLToPath(new URL('../../providers', import.meta.url));

type Environment = { readonly [name: string]: string | undefined };

/** The variables that a provider is set up by, and the fields of its file that they stand in for. */
const OVERRIDES = { ISSUER: 'issuer', AUTHORIZATION_ENDPOINT: 'authorization_endpoint', TOKEN_ENDPOINT: 'token_endpoint' } as const;

/** The services that connections are of. */
export class Providers {
  constructor(
    private readonly known: ReadonlyMap<string, Provider>,
    private readonly environment: Environment,
  ) {}

  list(): Provider[] {
    return [...this.known.values()].sort((a, b) => a.id.localeCompare(b.id, 'en'));
  }

  /** @throws DistriError `PROVIDER_NOT_FOUND` */
  get(id: string): Provider {
    const provider = this.known.get(id);
    if (provider !== undefined) return provider;
    throw new DistriError('PROVIDER_NOT_FOUND', `There is no provider '${id}'`, {
      hint: `The providers are ${this.list().map((each) => each.id).join(', ')}. A file in DISTRI_PROVIDERS_DIR adds one.`,
    });
  }

  /** The provider that a skill belongs to by its namespace, if there is one. */
  ofSkill(skill: string): Provider | undefined {
    return this.known.get(skill.slice(0, skill.indexOf(':')));
  }

  /** How this server is known to the provider; undefined: not at all. */
  client({ id }: Provider): ProviderClient | undefined {
    const clientId = this.environment[variableOf(id, 'CLIENT_ID')];
    if (clientId === undefined || clientId === '') return undefined;
    return { id: clientId, secret: this.environment[variableOf(id, 'CLIENT_SECRET')] };
  }
}

/**
 * The providers of the package and of a folder of one's own; a file there replaces the package's of the same id. The
 * environment gives the clients and may replace endpoints and hosts.
 *
 * @throws DistriError `USAGE` naming the file or variable that cannot be used
 */
export async function loadProviders(environment: Environment = {}, folder?: string): Promise<Providers> {
  const files = [...(await filesIn(BUILT_IN)), ...(folder === undefined ? [] : await filesIn(folder))];
  const known = new Map<string, Provider>();
  for (const file of files) {
    const provider = await read(file);
    known.set(provider.id, overridden(provider, environment));
  }
  return new Providers(known, environment);
}

/** The variable of this name that sets the provider up. */
export function variableOf(id: string, name: string): string {
  return `DISTRI_PROVIDER_${id.toUpperCase().replaceAll('-', '_')}_${name}`;
}

function overridden(provider: Provider, environment: Environment): Provider {
  const given = Object.entries(OVERRIDES).flatMap(([name, field]) => {
    const value = environment[variableOf(provider.id, name)];
    return value === undefined || value === '' ? [] : [[field, value]];
  });
  const hosts = environment[variableOf(provider.id, 'HOSTS')]?.split(',').map((host) => host.trim()).filter((host) => host !== '');
  const checked = providerSchema.safeParse({ ...provider, ...Object.fromEntries(given), ...(hosts === undefined ? {} : { hosts }) });
  if (checked.success) return checked.data;
  throw new DistriError('USAGE', `The variables ${variableOf(provider.id, '…')} cannot be used: ${describeIssues(checked.error)}`);
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => name.endsWith('.json')).sort().map((name) => join(folder, name));
  } catch (cause) {
    throw new DistriError('USAGE', `The folder of providers ${folder} cannot be read: ${String(cause)}`, { cause, hint: 'It is that of DISTRI_PROVIDERS_DIR.' });
  }
}

async function read(file: string): Promise<Provider> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new DistriError('USAGE', `The provider file ${file} cannot be read: ${String(cause)}`, { cause });
  }
  const checked = providerSchema.safeParse(json);
  if (checked.success) return checked.data;
  throw new DistriError('USAGE', `The provider file ${file} cannot be used: ${describeIssues(checked.error)}`);
}
