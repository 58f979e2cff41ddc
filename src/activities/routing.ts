interface Version {
  deploymentName?: string | null;
  buildId?: string | null;
}

/** What the server tells of the version of one who polls a task queue. */
export interface PollerVersion extends Version {
  workerVersioningMode?: number | null;
}

/** To which builds the server gives the tasks of a queue; no build stands for the workers without a version. */
export interface Routing {
  currentDeploymentVersion?: Version | null;
  rampingDeploymentVersion?: Version | null;
  rampingVersionPercentage?: number | null;
}

const VERSIONED = 2;

function same(a: Version | null | undefined, b: Version): boolean {
  return a?.deploymentName === b.deploymentName && a?.buildId === b.buildId;
}

/**
 * Whether one who polls gets tasks: a build that is neither current nor ramping polls in vain. The asker's `own` build
 * counts always, for the runs that somebody has pinned to it.
 */
export function getsTasks(poller: PollerVersion | null | undefined, routing: Routing | null | undefined, own?: Version): boolean {
  const { currentDeploymentVersion: current, rampingDeploymentVersion: ramping, rampingVersionPercentage: percentage } = routing ?? {};
  if (poller?.workerVersioningMode === VERSIONED) return same(current, poller) || same(ramping, poller) || (own !== undefined && same(own, poller));
  return !current || (!ramping && (percentage ?? 0) > 0);
}
