import { hasRole } from '../../../store/workflows.js';
import type { Routes } from '../../app.js';
import { identityOf } from '../../authentication.js';
import { EventStreams } from '../../event-streams.js';
import { RunAccess } from '../../run-access.js';
import { changeRoutes } from './change.js';
import type { RunContext } from './context.js';
import { controlRoutes } from './control.js';
import { eventRoutes } from './events.js';
import { listRoutes } from './list.js';
import { readRoutes } from './read.js';
import { startRoutes } from './start.js';

/** All about runs: starting, finding, watching and operating them. */
export const runRoutes: Routes = (app, { client, store, settings }) => {
  const mayEdit: RunContext['access']['mayEdit'] = async (identity, workflowId) => {
    const workflow = await store.workflows.find(identity, workflowId);
    return workflow !== undefined && hasRole(workflow, 'edit');
  };
  const context: RunContext = {
    client,
    store,
    access: new RunAccess(client, store, mayEdit),
    starter: app.starter,
    streams: new EventStreams(app, settings),
    note(request, operation, runId, detail) {
      app.deeds.note({ actor: identityOf(request).user, action: `run.${operation}`, target: `run:${runId}`, ...(detail === undefined ? {} : { detail }) });
    },
  };
  for (const add of [startRoutes, listRoutes, readRoutes, controlRoutes, changeRoutes, eventRoutes]) add(app, context);
};
