import type { Routes } from '../app.js';
import { catalogueRoutes } from './catalogue.js';
import { eventRoutes } from './events.js';
import { healthRoutes } from './health.js';
import { triggerRoutes } from './triggers.js';
import { webhookRoutes } from './webhooks.js';
import { workflowRoutes } from './workflows/index.js';

/** All parts of the API. */
export const routes: readonly Routes[] = [healthRoutes, catalogueRoutes, ...workflowRoutes, triggerRoutes, webhookRoutes, eventRoutes];
