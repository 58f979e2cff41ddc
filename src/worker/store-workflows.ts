import type { WorkflowSource } from '../activities/workflow-source.js';
import type { JsonObject } from '../definition/json.js';
import { storeError } from '../store/errors.js';
import { readStored } from '../store/workflows/content.js';
import type { WorkflowStore } from '../store/workflows.js';

/** The workflows of the store that a run's owner may run, by their own id or that of their definition. */
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
    const found = await this.#store.findForChild(owner, id, version).catch((error: unknown) => {
      throw storeError(error);
    });
    if (found === undefined) return undefined;
    const { definition } = readStored(found.at.document);
    return { ...definition, id, version: found.at.version } as JsonObject;
  }
}
