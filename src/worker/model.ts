import { modelFrom, type ModelSettings } from '../kinds/agent-run/model.js';

export type { ModelSettings };

/** The model of this worker's agents, from its environment; undefined: none is configured, so it serves no agents. */
export function modelFromEnv(env: NodeJS.ProcessEnv): ModelSettings | undefined {
  return modelFrom(env);
}
