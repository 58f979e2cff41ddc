import type { Routes } from '../../app.js';
import { workflowListRoutes } from './lists.js';
import { workflowRecordRoutes } from './records.js';
import { workflowSharingRoutes } from './sharing.js';
import { workflowValidateRoutes } from './validate.js';
import { workflowVersionRoutes } from './versions.js';

/** All that there is under `/v1/workflows` but runs, events and webhooks. */
export const workflowRoutes: readonly Routes[] = [workflowListRoutes, workflowValidateRoutes, workflowRecordRoutes, workflowVersionRoutes, workflowSharingRoutes];
