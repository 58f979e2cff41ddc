import { DistriError } from '../definition/errors.js';
import { httpUrl } from '../definition/http-url.js';
import { isSafeEndpoint } from '../definition/loopback.js';
import { DEFAULT_SETTINGS, RECORD_EVERY_MS, type ServerSettings } from './app.js';
import { assertSafeAddress } from './auth/address.js';
import type { Authentication } from './auth/index.js';
import type { OidcSettings } from './auth/oidc.js';
import { isScope, SCOPES, type Scope } from './identity.js';

/** What the command line gives in place of variables. */
export interface ListenFlags {
  readonly host?: string;
  readonly port?: number;
}

/** What the environment tells a server alone; the store and the providers are workers', too. */
export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  readonly authentication: Authentication;
  readonly settings: Omit<ServerSettings, 'version'>;
}

type Environment = { readonly [name: string]: string | undefined };

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 4400;
const MOST_RETENTION_DAYS = 36_500;
const OIDC_VARIABLES = ['DISTRI_OIDC_ISSUER', 'DISTRI_OIDC_AUDIENCE', 'DISTRI_OIDC_USER_CLAIM', 'DISTRI_OIDC_ADMIN', 'DISTRI_OIDC_DEFAULT_SCOPES'];

/**
 * Reads the settings; an empty variable counts as absent.
 * @throws DistriError `USAGE` naming the variable that cannot be used, `UNSAFE_ADDRESS` for a server without login that
 *   others would reach
 */
export function serverSettings(environment: Environment, flags: ListenFlags = {}): ServerConfig {
  const read = (name: string): string | undefined => {
    const value = environment[name]?.trim();
    return value === '' ? undefined : value;
  };
  const host = flags.host ?? read('DISTRI_HOST') ?? DEFAULT_HOST;
  const port = flags.port ?? integer('DISTRI_PORT', read('DISTRI_PORT'), { least: 0, most: 65_535 }) ?? DEFAULT_PORT;
  const authentication = authenticationOf(read);
  assertSafeAddress(host, authentication);
  return {
    host,
    port,
    authentication,
    settings: {
      ...DEFAULT_SETTINGS,
      metricsPublic: authentication.mode === 'local',
      recordEveryMs: RECORD_EVERY_MS,
      auth: authentication.mode,
      publicUrl: publicUrl(read('DISTRI_PUBLIC_URL')) ?? httpUrl(host, port),
      corsOrigins: list(read('DISTRI_CORS_ORIGINS')).map(origin),
      maxBodyBytes: integer('DISTRI_MAX_BODY_BYTES', read('DISTRI_MAX_BODY_BYTES'), { least: 1_024 }) ?? DEFAULT_SETTINGS.maxBodyBytes,
      requestsPerMinute: integer('DISTRI_REQUESTS_PER_MINUTE', read('DISTRI_REQUESTS_PER_MINUTE'), { least: 1 }) ?? DEFAULT_SETTINGS.requestsPerMinute,
      retentionDays: integer('DISTRI_RETENTION_DAYS', read('DISTRI_RETENTION_DAYS'), { least: 1, most: MOST_RETENTION_DAYS }),
      trustProxy: flag('DISTRI_TRUST_PROXY', read('DISTRI_TRUST_PROXY')) ?? DEFAULT_SETTINGS.trustProxy,
    },
  };
}

type Read = (name: string) => string | undefined;

function authenticationOf(read: Read): Authentication {
  const given = OIDC_VARIABLES.filter((name) => read(name) !== undefined);
  const mode = read('DISTRI_AUTH') ?? (given.length > 0 ? 'tokens' : 'local');
  if (mode !== 'local' && mode !== 'tokens') throw wrong('DISTRI_AUTH', mode, 'local or tokens');
  if (given.length === 0) return { mode };
  if (mode === 'local') {
    throw new DistriError('USAGE', `DISTRI_AUTH is local, which is no login, and ${given.join(', ')} ${given.length > 1 ? 'set' : 'sets'} one up`, {
      hint: 'Set DISTRI_AUTH=tokens, or take them away.',
    });
  }
  return { mode, oidc: oidcOf(read) };
}

function oidcOf(read: Read): OidcSettings {
  const issuer = read('DISTRI_OIDC_ISSUER');
  const audience = read('DISTRI_OIDC_AUDIENCE');
  if (issuer === undefined || audience === undefined) {
    throw new DistriError('USAGE', `${issuer === undefined ? 'DISTRI_OIDC_ISSUER' : 'DISTRI_OIDC_AUDIENCE'} is missing: an identity provider needs both its issuer and the audience of its tokens`);
  }
  if (!isSafeEndpoint(issuer)) throw wrong('DISTRI_OIDC_ISSUER', issuer, 'an https URL');
  const userClaim = read('DISTRI_OIDC_USER_CLAIM');
  const admin = read('DISTRI_OIDC_ADMIN');
  const scopes = read('DISTRI_OIDC_DEFAULT_SCOPES');
  return {
    issuer,
    audience,
    ...(userClaim === undefined ? {} : { userClaim }),
    ...(admin === undefined ? {} : { admin: adminOf(admin) }),
    ...(scopes === undefined ? {} : { defaultScopes: list(scopes).map(scope) }),
  };
}

function adminOf(text: string): { claim: string; value: string } {
  const equals = text.indexOf('=');
  if (equals < 1 || equals === text.length - 1) throw wrong('DISTRI_OIDC_ADMIN', text, 'claim=value, such as groups=admins');
  return { claim: text.slice(0, equals), value: text.slice(equals + 1) };
}

function scope(name: string): Scope {
  if (isScope(name)) return name;
  throw wrong('DISTRI_OIDC_DEFAULT_SCOPES', name, `scopes out of ${SCOPES.join(', ')}`);
}

function publicUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw wrong('DISTRI_PUBLIC_URL', text, 'an http or https URL, such as https://workflows.example.com');
  }
  return url.href.replace(/\/$/, '');
}

function origin(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text;
  throw wrong('DISTRI_CORS_ORIGINS', text, 'origins such as https://app.example.com, with commas between them');
}

function list(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
}

function integer(name: string, text: string | undefined, { least, most = Number.MAX_SAFE_INTEGER }: { least: number; most?: number }): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw wrong(name, text, most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least} on` : `a whole number from ${least} to ${most}`);
}

function flag(name: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^(true|1)$/i.test(text)) return true;
  if (/^(false|0)$/i.test(text)) return false;
  throw wrong(name, text, 'true or false');
}

function wrong(name: string, value: string, expected: string): DistriError {
  return new DistriError('USAGE', `${name} is '${value}': ${expected} is expected`);
}
