import { devNull } from 'node:os';
import type { Context } from './context.js';
import { UsageError } from './errors.js';

/**
 * The context of a command that uses no Temporal server elsewhere: neither a variable nor a profile counts, for the libraries of this
 * process either.
 * @throws UsageError when flags name a server
 */
export function onlyLocal(context: Context): Context {
  const { address, profile } = context.temporal;
  if (address !== undefined || profile !== undefined) throw new UsageError(`--local and ${address === undefined ? '--profile' : '--address'} name different servers`, 'Leave one of them out.');
  for (const variables of [process.env, context.environment.variables]) {
    for (const name of Object.keys(variables)) if (name.startsWith('TEMPORAL_') && name !== 'TEMPORAL_CLI_PATH') delete variables[name];
    variables['TEMPORAL_CONFIG_FILE'] = devNull;
  }
  return context;
}
