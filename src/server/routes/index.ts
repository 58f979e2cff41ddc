import type { Routes } from '../app.js';
import { catalogueRoutes } from './catalogue.js';
import { connectionRoutes } from './connections.js';
import { consentRoutes } from './consents.js';
import { healthRoutes } from './health.js';
import { providerRoutes } from './providers.js';
import { tokenRoutes } from './tokens.js';

/** All parts of the API. */
export const routes: readonly Routes[] = [healthRoutes, catalogueRoutes, connectionRoutes, consentRoutes, providerRoutes, tokenRoutes];
