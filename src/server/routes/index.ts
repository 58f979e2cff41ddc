import type { Routes } from '../app.js';
import { auditRoutes } from './audit.js';
import { catalogueRoutes } from './catalogue.js';
import { connectionRoutes } from './connections.js';
import { consentRoutes } from './consents.js';
import { eventRoutes } from './events.js';
import { healthRoutes } from './health.js';
import { providerRoutes } from './providers.js';
import { runRoutes } from './runs/index.js';
import { tokenRoutes } from './tokens.js';
import { triggerRoutes } from './triggers.js';
import { webhookRoutes } from './webhooks.js';
import { workflowRoutes } from './workflows/index.js';

/** All parts of the API. */
export const routes: readonly Routes[] = [
  healthRoutes,
  catalogueRoutes,
  ...workflowRoutes,
  runRoutes,
  connectionRoutes,
  consentRoutes,
  providerRoutes,
  tokenRoutes,
  triggerRoutes,
  webhookRoutes,
  eventRoutes,
  auditRoutes,
];
