import { expect, it } from 'vitest';
import type { StepContext } from '../activity.js';
import { stepEnvironment } from './environment.js';

const step = { runId: 'r', workflowId: 'w', stepId: 's', attempt: 2, idempotencyKey: 'r/s' } as StepContext;

it('tells a script its step and its idempotency key', () => {
  expect(stepEnvironment(step)).toEqual({ DISTRI_RUN_ID: 'r', DISTRI_WORKFLOW_ID: 'w', DISTRI_STEP_ID: 's', DISTRI_ATTEMPT: '2', DISTRI_IDEMPOTENCY_KEY: 'r/s' });
  expect(stepEnvironment({ ...step, index: 0, stepId: 'a\0' })).toMatchObject({ DISTRI_INDEX: '0' });
  expect(stepEnvironment({ ...step, stepId: 'a\0' })).not.toHaveProperty('DISTRI_STEP_ID');
});
