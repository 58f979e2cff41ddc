import { FirstOfConnections, FirstOfWorkflows } from '../activities/first-of.js';
import type { OAuthClient } from '../connections/oauth.js';
import { StoreConnections } from '../connections/store-connections.js';
import type { Store } from '../store/index.js';
import type { WorkerOptions } from '../worker/index.js';
import { StoreWorkflows } from '../worker/store-workflows.js';

/**
 * A worker that also reads connections and workflows from the store. What files give it counts before that. `ownerless`: who
 * a run without an owner counts as when it runs a workflow of the store.
 */
export function withStore(options: WorkerOptions, { store, oauth, ownerless }: { store: Store; oauth: OAuthClient; ownerless?: string }): WorkerOptions {
  const connections = new StoreConnections({ connections: store.connections, oauth });
  const workflows = new StoreWorkflows(store.workflows, ownerless);
  return {
    ...options,
    connections: options.connections === undefined ? connections : new FirstOfConnections([options.connections, connections]),
    workflows: options.workflows === undefined ? workflows : new FirstOfWorkflows([options.workflows, workflows]),
  };
}
