import type { WorkflowSource } from '../../../src/activities/workflow-source.js';
import type { JsonObject } from '../../../src/definition/json.js';

/** The documents that workflow steps of the cases may run. */
export class TestWorkflows implements WorkflowSource {
  readonly #documents: JsonObject[] = [];

  add(document: JsonObject): void {
    this.#documents.push(document);
  }

  async get(id: string, version?: string | number): Promise<JsonObject | undefined> {
    return this.#documents.findLast((document) => document['id'] === id && (version === undefined || document['version'] === version));
  }
}
