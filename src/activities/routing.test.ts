import { describe, expect, test } from 'vitest';
import { getsTasks } from './routing.js';

const version = (buildId: string) => ({ deploymentName: 'distri', buildId });
const build = (buildId: string) => ({ ...version(buildId), workerVersioningMode: 2 });
const unversioned = { workerVersioningMode: 1 };

describe('a worker that polls a queue gets its tasks', () => {
  test.each([
    ['without a version, where none is current', undefined, undefined, true],
    ['without a version, in a queue that never had one', unversioned, {}, true],
    ['without a version, where a build is current', unversioned, { currentDeploymentVersion: version('1') }, false],
    ['without a version, when some go back to such workers', unversioned, { currentDeploymentVersion: version('1'), rampingVersionPercentage: 5 }, true],
    ['of a build, where none is current', build('1'), {}, false],
    ['of the current build', build('1'), { currentDeploymentVersion: version('1') }, true],
    ['of another build', build('2'), { currentDeploymentVersion: version('1') }, false],
    ['of the same build of another deployment', build('1'), { currentDeploymentVersion: { ...version('1'), deploymentName: 'else' } }, false],
    ['of the ramping build', build('2'), { currentDeploymentVersion: version('1'), rampingDeploymentVersion: version('2') }, true],
  ])('%s: %#', (_what, poller, routing, expected) => {
    expect(getsTasks(poller, routing)).toBe(expected);
  });

  test('of the build that asks: it may run for somebody who has pinned his run to it', () => {
    expect(getsTasks(build('1'), { currentDeploymentVersion: version('2') }, version('1'))).toBe(true);
  });
});
