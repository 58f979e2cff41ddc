import { StepFailure } from '../kinds/failure.js';
import type { StepRequirement } from '../definition/types.js';
import type { Connection, ConnectionSource } from './connection.js';

/**
 * The connections that a step requires, read at the last moment. Those of its run's owner come before those of everybody.
 *
 * @throws StepFailure `CONNECTION_MISSING` with `{skill}` (and the `revision` that does not do): the step blocks on it,
 *   also while the source cannot be read; `NO_CONNECTION_SOURCE` on a worker that has no source at all
 */
export async function requiredConnections(
  requires: readonly StepRequirement[] | undefined,
  source: ConnectionSource,
  owner?: string,
): Promise<Connection[]> {
  const connections: Connection[] = [];
  for (const { skill, permissions } of requires ?? []) {
    if (skill.startsWith('native:')) continue;
    const connection = await source.get(skill, owner).catch((error: unknown) => {
      // It is read again until it can be, however long that takes: an outage of the source is no failure of the step.
      throw missing(skill, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (!connection) throw (await source.isAbsent?.()) ? noSource(skill) : missing(skill, 'is not configured on this worker');
    const lacking = (permissions ?? []).filter((permission) => !connection.permissions.includes(permission));
    if (lacking.length > 0) throw missing(skill, `lacks the permissions ${lacking.join(', ')}`, connection.revision);
    if (connection.expires_at !== undefined && Date.parse(connection.expires_at) <= Date.now()) {
      throw missing(skill, `expired at ${connection.expires_at}`, connection.revision);
    }
    connections.push(connection);
  }
  return connections;
}

function noSource(skill: string): StepFailure {
  return new StepFailure(
    'NO_CONNECTION_SOURCE',
    `The step requires the connection ${skill}, and its worker has nowhere to take connections from: ` +
      'give that worker DATABASE_URL, or a connections file (--connections)',
  );
}

function missing(skill: string, why: string, revision?: string): StepFailure {
  return new StepFailure('CONNECTION_MISSING', `The connection ${skill} ${why}`, {
    details: { skill, ...(revision === undefined ? {} : { revision }) },
  });
}
