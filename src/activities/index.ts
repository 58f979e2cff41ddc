import type { SharedValues, StepOutcome, StepTask } from '../definition/messages.js';
import { createAgentRun } from '../kinds/agent-run/activity.js';
import { createApiCall } from '../kinds/api-call/activity.js';
import type { ActivityKindName } from '../kinds/index.js';
import { createScript } from '../kinds/script/activity.js';
import { createToolCall } from '../kinds/tool-call/activity.js';
import { serveStep, type StepDependencies } from './step.js';

/** What the kinds' code needs, beside what every step does. */
export interface ActivitiesDependencies extends StepDependencies {
  readonly http: Parameters<typeof createApiCall>[0];
  readonly script: Parameters<typeof createScript>[0];
  readonly tools: Parameters<typeof createToolCall>[0]['tools'];
  readonly model?: Parameters<typeof createAgentRun>[0]['model'];
}

export type StepActivities = { [N in ActivityKindName]: (task: StepTask, shared?: SharedValues) => Promise<StepOutcome> };

/** The activity kinds as a worker serves them, one line each. */
export function createActivities(deps: ActivitiesDependencies): StepActivities {
  const { http, script, tools, model } = deps;
  return {
    api_call: serveStep('api_call', createApiCall(http), deps),
    script: serveStep('script', createScript(script), deps),
    tool_call: serveStep('tool_call', createToolCall({ tools }), deps),
    agent_run: serveStep('agent_run', createAgentRun(model ? { model } : {}), deps),
  };
}
