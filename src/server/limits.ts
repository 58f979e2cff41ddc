import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { DistriError } from '../definition/errors.js';
import type { App, ServerSettings } from './app.js';

const TIME_WINDOW_MS = 60_000;

/**
 * Bounds the requests of each user, or of each address without one, and gives what bounds how often the store is asked for
 * tokens that are new to it: by address, since nobody is known then.
 */
export async function addLimits(app: App, { requestsPerMinute }: Pick<ServerSettings, 'requestsPerMinute'>): Promise<(request: FastifyRequest) => Promise<void>> {
  const limits = { max: requestsPerMinute, timeWindow: TIME_WINDOW_MS };
  await app.register(rateLimit, {
    ...limits,
    // Before it is looked at what the user may do: requests that are refused count, too.
    hook: 'onRequest',
    keyGenerator: (request) => request.identity?.user ?? normalizeIP(request.ip),
    errorResponseBuilder: (_, { after }) => new DistriError('RATE_LIMITED', `Too many requests: try again in ${after}`),
  });
  const asked = app.createRateLimit({ ...limits, keyGenerator: ({ ip }) => normalizeIP(ip) });
  return async (request) => {
    const limit = await asked(request);
    if (limit.isAllowed || !limit.isExceeded) return;
    throw new DistriError('RATE_LIMITED', `Too many different tokens come from this address: try again in ${limit.ttlInSeconds} s`);
  };
}
