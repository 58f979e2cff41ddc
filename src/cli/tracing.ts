import { openTracing, type Tracing } from '../temporal/tracing.js';
import type { Cleanup } from './cleanup.js';
import type { Context } from './context.js';
import { packageVersion } from './package-files.js';

/** Traces of this process when the environment names a collector; what is left is sent when the command ends. */
export async function startTracing({ environment }: Context, service: string, cleanup: Cleanup): Promise<{ tracing?: Tracing }> {
  const tracing = await openTracing(environment.variables, { service, version: packageVersion() });
  if (tracing === undefined) return {};
  cleanup.add(() => tracing.shutdown());
  return { tracing };
}
