import type { JsonObject } from '../definition/json.js';

/** Where the engine's workers find the workflows that `workflow` steps name. */
export interface WorkflowSource {
  /**
   * The document with this id that a run of this owner may run; with a version that one, else the newest. Undefined when there
   * is none. It is checked before it runs. A source without owners, such as a folder, gives everybody the same.
   */
  get(id: string, version?: string | number, owner?: string): Promise<JsonObject | undefined>;
}
