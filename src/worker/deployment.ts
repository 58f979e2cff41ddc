import type { WorkerDeploymentOptions } from '@temporalio/worker';
import { DistriError } from '../definition/errors.js';
import { cut, isWellFormed, wellFormed } from '../definition/text.js';

const MAX_CHARS = 200;

/** Which build of which deployment a worker is. */
export interface Deployment {
  /** The same for all workers of a fleet, e.g. `distri`: 1 to 200 characters without `.` and `:`. */
  readonly name: string;
  /** One for each release, e.g. `0.2.0` or a commit: 1 to 200 characters. */
  readonly buildId: string;
}

/**
 * Gives the deployment back.
 * @throws DistriError `USAGE` for a name that the server refuses at every poll, which the worker would not be told
 */
export function checkDeployment({ name, buildId }: Deployment): Deployment {
  if (!isName(name) || /[.:]/.test(name)) throw unfit('a deployment name', name, ", without '.' and ':', that does not begin with '__'");
  if (!isName(buildId)) throw unfit('a build id', buildId, " that does not begin with '__'");
  return { name, buildId };
}

function isName(text: string): boolean {
  return text.trim() !== '' && text.length <= MAX_CHARS && isWellFormed(text) && !text.startsWith('__');
}

function unfit(what: string, text: string, rest: string): DistriError {
  return new DistriError('USAGE', `'${wellFormed(cut(text, MAX_CHARS))}' cannot be ${what}: 1 to ${MAX_CHARS} characters of well-formed text${rest} are expected`);
}

/**
 * A run may wait for months, and no build has to live as long: at its next step it moves to the build that is current
 * then, which replays what earlier ones did.
 */
export function deploymentOptions({ name, buildId }: Deployment): WorkerDeploymentOptions {
  return { useWorkerVersioning: true, version: { deploymentName: name, buildId }, defaultVersioningBehavior: 'AUTO_UPGRADE' };
}
