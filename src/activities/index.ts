import type { StepOutcome, StepTask } from '../definition/messages.js';
import { createAgentRun } from '../kinds/agent-run/activity.js';
import { createApiCall } from '../kinds/api-call/activity.js';
import type { ActivityKindName } from '../kinds/index.js';
import { createScript } from '../kinds/script/activity.js';
import { createToolCall } from '../kinds/tool-call/activity.js';
import { serveStep, type StepDependencies } from './step.js';

export interface ActivitiesDependencies extends StepDependencies {
  readonly apiCall: Parameters<typeof createApiCall>[0];
  readonly script: Parameters<typeof createScript>[0];
  readonly toolCall: Parameters<typeof createToolCall>[0];
  readonly agentRun: Parameters<typeof createAgentRun>[0];
}

export type StepActivities = { [N in ActivityKindName]: (task: StepTask) => Promise<StepOutcome> };

/** The activity kinds as a worker serves them, one line each. */
export function createActivities(deps: ActivitiesDependencies): StepActivities {
  return {
    api_call: serveStep('api_call', createApiCall(deps.apiCall), deps),
    script: serveStep('script', createScript(deps.script), deps),
    tool_call: serveStep('tool_call', createToolCall(deps.toolCall), deps),
    agent_run: serveStep('agent_run', createAgentRun(deps.agentRun), deps),
  };
}
