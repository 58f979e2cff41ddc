import { StepFailure } from '../kinds/failure.js';
import type { StepRequirement } from '../definition/types.js';
import type { Connection, ConnectionSource } from './connection.js';

/**
 * The connections that a step requires, read at the last moment.
 *
 * @throws StepFailure `CONNECTION_MISSING` with `{skill}` (and the `revision` that does not do): the step blocks on it
 */
export async function requiredConnections(
  requires: readonly StepRequirement[] | undefined,
  source: ConnectionSource,
): Promise<Connection[]> {
  const connections: Connection[] = [];
  for (const { skill, permissions } of requires ?? []) {
    if (skill.startsWith('native:')) continue;
    const connection = await source.get(skill);
    if (!connection) throw missing(skill, 'is not configured on this worker');
    const lacking = (permissions ?? []).filter((permission) => !connection.permissions.includes(permission));
    if (lacking.length > 0) throw missing(skill, `lacks the permissions ${lacking.join(', ')}`, connection.revision);
    if (connection.expires_at !== undefined && Date.parse(connection.expires_at) <= Date.now()) {
      throw missing(skill, `expired at ${connection.expires_at}`, connection.revision);
    }
    connections.push(connection);
  }
  return connections;
}

function missing(skill: string, why: string, revision?: string): StepFailure {
  return new StepFailure('CONNECTION_MISSING', `The connection ${skill} ${why}`, {
    details: { skill, ...(revision === undefined ? {} : { revision }) },
  });
}
