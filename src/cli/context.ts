import { resolve } from 'node:path';
import type { TemporalOptions } from '../temporal/config.js';
import type { Environment } from './env.js';
import type { Terminal } from './terminal.js';

/** What every command is given besides its own arguments. */
export interface Context {
  readonly environment: Environment;
  readonly terminal: Terminal;
  /** What the flags say about the Temporal server; the rest is in the environment. */
  readonly temporal: TemporalOptions;
  /** Absolute path of the folder of the embedded server, `.distri`. */
  readonly folder: string;
  /** `--payload-dir`. */
  readonly payloadDir: string | undefined;
}

/** The options that every command takes. */
export interface GlobalFlags {
  address?: string;
  namespace?: string;
  profile?: string;
  folder: string;
  payloadDir?: string;
  json?: boolean;
}

export function createContext(flags: GlobalFlags, environment: Environment, terminal: Terminal): Context {
  const { address, namespace, profile } = flags;
  return {
    environment,
    terminal,
    temporal: { ...(address && { address }), ...(namespace && { namespace }), ...(profile && { profile }) },
    folder: resolve(flags.folder),
    payloadDir: flags.payloadDir,
  };
}
