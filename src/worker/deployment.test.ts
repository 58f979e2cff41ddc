import { describe, expect, test } from 'vitest';
import { checkDeployment, deploymentOptions } from './deployment.js';

describe('a deployment', () => {
  test.each([
    ['distri', '0.2.0'],
    ['die Flotte', 'a:b.c'],
    ['x'.repeat(200), 'y'.repeat(200)],
  ])('may be called %s, and its build %s', (name, buildId) => {
    expect(checkDeployment({ name, buildId })).toEqual({ name, buildId });
  });

  test.each([
    ['', '1', /deployment name/],
    ['a.b', '1', /without '.' and ':'/],
    ['a:b', '1', /deployment name/],
    ['__distri', '1', /does not begin with '__'/],
    ['x'.repeat(201), '1', /1 to 200/],
    ['\ud800', '1', /well-formed/],
    ['distri', ' ', /build id/],
    ['distri', '__unversioned__', /build id/],
    ['distri', 'y'.repeat(201), /build id/],
  ])('may not be called %j with build %j', (name, buildId, message) => {
    expect(() => checkDeployment({ name, buildId })).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(message) as string }));
  });

  test('lets runs go on in newer builds', () => {
    expect(deploymentOptions({ name: 'distri', buildId: '1' })).toMatchObject({ useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' });
  });
});
