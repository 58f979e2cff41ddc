import { DistriError } from '../../definition/errors.js';
import { isFromElsewhere, isLoopbackHeader } from '../../definition/loopback.js';
import type { App, ServerSettings } from '../app.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A GET that changes something: no other site may have a browser send it. */
    changes?: true;
  }
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Guards a server without login, which answers whoever reaches it: a page of another site, open in a browser on this
 * machine, must neither reach it under a name of its own (DNS rebinding) nor have the browser send what changes something.
 */
export function addLocalGuard(app: App, { publicUrl, corsOrigins }: Pick<ServerSettings, 'publicUrl' | 'corsOrigins'>): void {
  const { host: publicHost, origin: publicOrigin } = new URL(publicUrl);
  app.addHook('onRequest', async ({ headers, method, routeOptions }) => {
    const { host = '', origin } = headers;
    if (host.toLowerCase() !== publicHost && !isLoopbackHeader(host)) {
      throw new DistriError('FORBIDDEN', `This server answers to names of this machine and to ${publicHost}, not to '${host}'`, {
        hint: 'It has no login. Set DISTRI_PUBLIC_URL when it is reached under another name.',
      });
    }
    if (SAFE_METHODS.has(method) && routeOptions.config.changes !== true) return;
    const allowed = (from: string): boolean => from === publicOrigin || from === `http://${host}` || corsOrigins.includes(from);
    if (!isFromElsewhere(headers, allowed)) return;
    throw new DistriError('FORBIDDEN', `A page of ${origin ?? 'another site'} may not change anything here`, { hint: 'Its origin may be added to DISTRI_CORS_ORIGINS.' });
  });
}
