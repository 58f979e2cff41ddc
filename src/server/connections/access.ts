import { DistriError } from '../../definition/errors.js';
import { SHARED_OWNER } from '../../store/tables.js';
import type { ServerSettings } from '../app.js';
import type { Identity } from '../identity.js';

/** Which of several connections of a skill a request means. */
export interface Which {
  readonly owner?: string | undefined;
  readonly shared?: boolean | undefined;
}

/** Whose connections a request is about: one's own, or for admins anybody's. Throws `FORBIDDEN`. */
export function userOf({ user, isAdmin }: Identity, { owner }: Which): string {
  if (owner === undefined || owner === user || isAdmin) return owner ?? user;
  throw new DistriError('FORBIDDEN', 'Only an admin looks after the connections of others');
}

/**
 * The owner of a connection that is to be made or removed. On a server without login it is everybody's unless told otherwise, so that
 * runs without an owner find it. Throws `FORBIDDEN`.
 */
export function ownerOf(identity: Identity, which: Which, { auth }: Pick<ServerSettings, 'auth'>): string {
  const user = userOf(identity, which);
  const isShared = which.shared ?? (auth === 'local' && which.owner === undefined);
  if (!isShared) return user;
  if (!identity.isAdmin) throw new DistriError('FORBIDDEN', 'Only an admin makes or removes a connection that the runs of everybody may use', { hint: 'Leave `shared` out.' });
  return SHARED_OWNER;
}

export function noConnection(skill: string, hint?: string): DistriError {
  return new DistriError('CONNECTION_NOT_FOUND', `There is no connection '${skill}'`, hint === undefined ? {} : { hint });
}
