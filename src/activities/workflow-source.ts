import type { JsonObject } from '../definition/json.js';

/** Where the engine's workers find the workflows that `workflow` steps name. */
export interface WorkflowSource {
  /** The document with this id; with a version that one, else the newest. Undefined when there is none. It is checked before it runs. */
  get(id: string, version?: string | number): Promise<JsonObject | undefined>;
}
