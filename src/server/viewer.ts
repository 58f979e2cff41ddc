import type { Viewer } from '../store/workflows.js';
import { identityOf } from './authentication.js';
import type { Identity } from './identity.js';

/** Who asks, as the store knows them. */
export function viewerOf(request: { identity: Identity | undefined }): Viewer {
  const { user, isAdmin } = identityOf(request);
  return { user, isAdmin };
}
