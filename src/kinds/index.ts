import { agentRun } from './agent-run/kind.js';
import { apiCall } from './api-call/kind.js';
import { checkpoint } from './checkpoint/kind.js';
import { condition } from './condition/kind.js';
import { delay } from './delay/kind.js';
import { reply } from './reply/kind.js';
import { script } from './script/kind.js';
import { toolCall } from './tool-call/kind.js';
import { waitForInput } from './wait-for-input/kind.js';
import { workflow } from './workflow/kind.js';

/**
 * THE registry of step kinds. A kind is one row here; the compiler then names the line that is missing in
 * `schemas.ts` (what a document may say), `activities/index.ts` or `workflows/inline.ts` (how it runs).
 */
export const kinds = {
  api_call: apiCall,
  script,
  tool_call: toolCall,
  agent_run: agentRun,
  condition,
  checkpoint,
  wait_for_input: waitForInput,
  reply,
  delay,
  workflow,
};

export type KindName = keyof typeof kinds;
type RunBy<How> = { [N in KindName]: (typeof kinds)[N]['runs'] extends How ? N : never }[KindName];
export type ActivityKindName = RunBy<'activity'>;
export type InlineKindName = RunBy<'inline'>;
