import { z } from 'zod';
import { isSafeEndpoint } from '../definition/loopback.js';
import { isHeaderName } from '../kinds/api-call/headers.js';
import { isHostPattern } from '../kinds/api-call/hosts.js';

const endpoint = z.string().refine(isSafeEndpoint, 'expected an https URL; http only of this machine (localhost, 127.0.0.1, [::1])');
const host = z.string().refine(isHostPattern, 'expected a host such as api.example.com or *.example.com');
const headerName = z.string().refine(isHeaderName, 'this cannot be the name of an HTTP header');
const variable = z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'expected upper-case letters, digits and underscores');

/** A file of `providers/`: how one gets and uses credentials of a service. */
export const providerSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9_-]{0,49}$/, 'expected lower-case letters, digits, dashes and underscores'),
  title: z.string().min(1),
  /** `oauth2`: the user consents at the provider. Else the user gives `fields`; `custom`: whatever the user gives. */
  kind: z.enum(['oauth2', 'api_key', 'basic', 'bearer', 'custom']),
  /** What a user must give. */
  fields: z.array(z.strictObject({ name: variable, title: z.string(), secret: z.boolean() })).default([]),
  /** Sent to `hosts`. `{access_token}`, `{NAME}` of a field, `{basic}`: USERNAME and PASSWORD as HTTP Basic has them. */
  headers: z.record(headerName, z.string()).default({}),
  /** The only hosts that get the headers; a connection that is not of OAuth may name others. */
  hosts: z.array(host).default([]),
  /** The variable by which scripts and tools get the access token: `{env.NAME}`. */
  token_variable: variable.optional(),
  /** Without endpoints they are discovered at the issuer. */
  issuer: endpoint.optional(),
  authorization_endpoint: endpoint.optional(),
  token_endpoint: endpoint.optional(),
  revocation_endpoint: endpoint.optional(),
  /** Further parameters of the authorization request. */
  authorize_params: z.record(z.string(), z.string()).default({}),
  /** Scopes that are asked for always. */
  base_scopes: z.array(z.string()).default([]),
  /** Scopes by the names that documents give them; any other permission is itself a scope. */
  permissions: z.record(z.string(), z.string()).default({}),
  /** Scopes that a granted one brings along without being named. */
  implied_scopes: z.record(z.string(), z.array(z.string())).default({}),
  scope_separator: z.string().default(' '),
  /** How this client says who it is at the token endpoint. */
  client_auth: z.enum(['post', 'basic', 'none']).default('post'),
  /** How the token endpoint wants its requests; the standard says form. */
  token_request: z.enum(['form', 'json']).default('form'),
});

export type Provider = z.infer<typeof providerSchema>;

/** This server as a client of the provider, from its environment. */
export interface ProviderClient {
  readonly id: string;
  readonly secret: string | undefined;
}

/** The scopes to ask for, so that a connection has these permissions. */
export function scopesFor({ permissions: scopes, base_scopes }: Provider, permissions: readonly string[]): string[] {
  const wanted = permissions.map((permission) => (Object.hasOwn(scopes, permission) ? (scopes[permission] ?? permission) : permission));
  return [...new Set([...base_scopes, ...wanted])];
}

/**
 * The permissions that a connection has by its granted scopes, by every name that documents may use for them, and those
 * of `wanted` that it lacks. Services write scopes in other cases than they were asked for.
 */
export function permissionsOf(provider: Provider, granted: readonly string[], wanted: readonly string[]): { has: string[]; lacks: string[] } {
  const implied = granted.flatMap((scope) => (Object.hasOwn(provider.implied_scopes, scope) ? (provider.implied_scopes[scope] ?? []) : []));
  const all = [...granted, ...implied];
  const known = new Set(all.map((scope) => scope.toLowerCase()));
  const isGranted = (permission: string): boolean => {
    const scope = Object.hasOwn(provider.permissions, permission) ? provider.permissions[permission] : undefined;
    return known.has(permission.toLowerCase()) || (scope !== undefined && known.has(scope.toLowerCase()));
  };
  const named = [...wanted, ...Object.keys(provider.permissions)].filter(isGranted);
  return { has: [...new Set([...named, ...all])], lacks: wanted.filter((permission) => !isGranted(permission)) };
}

/** The headers of a connection; those that lack a value are left out. */
export function headersOf({ headers }: Provider, values: { readonly [name: string]: string }): { [name: string]: string } {
  const { USERNAME, PASSWORD } = values;
  const basic = USERNAME === undefined || PASSWORD === undefined ? {} : { basic: Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64') };
  const known = new Map(Object.entries({ ...values, ...basic }));
  const filled = Object.entries(headers).flatMap(([name, template]): [string, string][] => {
    let complete = true;
    const value = template.replace(/\{(\w+)\}/g, (_, key: string) => {
      const found = known.get(key);
      complete &&= found !== undefined;
      return found ?? '';
    });
    return complete ? [[name, value]] : [];
  });
  return Object.fromEntries(filled);
}
