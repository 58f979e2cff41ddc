import { devNull } from 'node:os';
import type { TLSConfig } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { DistriError } from '../definition/errors.js';
import { messageOf } from '../definition/text.js';

/** What a caller may say about the Temporal server; what is absent comes from the environment, then the profile file. */
export interface TemporalOptions {
  /** `host:port`; the port defaults to 7233. */
  address?: string;
  namespace?: string;
  /** Profile of the Temporal configuration file (`temporal.toml`). */
  profile?: string;
  /** Turns TLS on unless `tls` says otherwise. */
  apiKey?: string;
  tls?: TLSConfig | boolean;
  /** Headers sent with every request. */
  metadata?: { [name: string]: string };
}

/** Fits `Connection.connect` of the client and `NativeConnection.connect` of the worker alike. */
export interface TemporalConnectionOptions {
  address: string;
  apiKey?: string;
  tls?: TLSConfig | boolean;
  metadata?: { [name: string]: string };
}

export interface TemporalConfig {
  connectionOptions: TemporalConnectionOptions;
  address: string;
  namespace: string;
  /** Whether the address came from options, environment or profile file, and is not just the default. */
  explicit: boolean;
  /** Whether the address came from a profile that nobody named: by option, or by a TEMPORAL_* variable. */
  implicitProfile: boolean;
  /** The same as `explicit`, of the namespace. */
  explicitNamespace: boolean;
}

/** Variables that choose a server. */
const NAMING = ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'] as const;
const DEFAULT_ADDRESS = 'localhost:7233';
const DEFAULT_NAMESPACE = 'default';
const DEFAULT_PORT = 7233;

type Environment = { readonly [name: string]: string | undefined };

/** Empty variables count as unset: `TEMPORAL_ADDRESS=` in a compose file means "no address". */
function setVariables(env: Environment): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && value !== '') set[name] = value;
  }
  return set;
}

function fromProfile(profile: string | undefined, env: Environment) {
  try {
    return loadClientConnectConfig({
      ...(profile === undefined ? {} : { profile }),
      overrideEnvVars: setVariables(env),
      // The null device in place of a file turns profiles off.
      disableFile: env['TEMPORAL_CONFIG_FILE'] === devNull,
    });
  } catch (error) {
    const reason = messageOf(error);
    throw new DistriError('USAGE', `The Temporal settings cannot be read: ${reason}`, {
      cause: error,
      hint: 'Look at the TEMPORAL_* variables and at the file that TEMPORAL_CONFIG_FILE names (else temporalio/temporal.toml in your configuration folder).',
    });
  }
}

function asStrings(metadata: { [name: string]: string | Buffer } | undefined): { [name: string]: string } | undefined {
  if (metadata === undefined) return undefined;
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, value.toString()]));
}

function withPort(address: string): string {
  if (!/^(\[[0-9A-Fa-f:.]+\]|[^\s:/[\]]+)(:\d+)?$/.test(address)) {
    throw new DistriError('USAGE', `'${address}' is no address of a Temporal server`, {
      hint: 'Write it as HOST:PORT, such as 127.0.0.1:7233 or [::1]:7233, without http://.',
    });
  }
  if (/^\[[^\]]*\]$/.test(address)) return `${address}:${DEFAULT_PORT}`;
  return /:\d+$/.test(address) ? address : `${address}:${DEFAULT_PORT}`;
}

/**
 * Where Temporal is and how to connect: options, then the TEMPORAL_* variables (address, namespace, TLS, API key), then
 * the profile file, then `localhost:7233` and the namespace `default`. Connects to nothing.
 * @throws DistriError `USAGE` when the address is none, or the profile, a certificate file or the profile file cannot be read.
 */
export function loadTemporalConfig(options: TemporalOptions = {}, env: Environment = process.env): TemporalConfig {
  const loaded = fromProfile(options.profile, env);
  const given = options.address ?? loaded.connectionOptions.address;
  const address = withPort(given ?? DEFAULT_ADDRESS);
  const named = options.address ?? options.profile ?? NAMING.map((name) => env[name]).find((value) => value !== undefined && value !== '');
  const apiKey = options.apiKey ?? loaded.connectionOptions.apiKey;
  const tls = options.tls ?? loaded.connectionOptions.tls ?? (apiKey === undefined ? undefined : true);
  const metadata = options.metadata ?? asStrings(loaded.connectionOptions.metadata);
  return {
    connectionOptions: {
      address,
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(tls === undefined ? {} : { tls }),
      ...(metadata === undefined ? {} : { metadata }),
    },
    address,
    namespace: options.namespace ?? loaded.namespace ?? DEFAULT_NAMESPACE,
    explicit: given !== undefined,
    implicitProfile: given !== undefined && named === undefined,
    explicitNamespace: (options.namespace ?? loaded.namespace) !== undefined,
  };
}
