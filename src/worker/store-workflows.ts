import type { WorkflowSource } from '../activities/workflow-source.js';
import type { JsonObject } from '../definition/json.js';
import { throwStoreError } from '../store/errors.js';
import { definitionToRun, type WorkflowStore } from '../store/workflows.js';

/** The workflows of the store that a run's owner may run, by their own id; those that are the owner's also by that of their definition. */
export class StoreWorkflows implements WorkflowSource {
  readonly #store: Pick<WorkflowStore, 'findForChild'>;
  readonly #ownerless: string;

  /** `ownerless`: who a run without an owner counts as; by default nobody, who may run the public ones. */
  constructor(store: Pick<WorkflowStore, 'findForChild'>, ownerless = '') {
    this.#store = store;
    this.#ownerless = ownerless;
  }

  /** @throws DistriError `STORE_UNAVAILABLE` */
  async get(id: string, version?: string | number, owner = this.#ownerless): Promise<JsonObject | undefined> {
    const found = await this.#store.findForChild(owner, id, version).catch(throwStoreError);
    return found && (definitionToRun(found.record.id, found.at) as unknown as JsonObject);
  }
}
