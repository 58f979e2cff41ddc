import type { FastifyRequest, FastifyServerOptions } from 'fastify';

/**
 * How requests are logged: each line has the id of its request (`reqId`), and of the request itself only what is no
 * secret: no headers, and no query, which may hold the code of a consent.
 */
export const childLoggerFactory: NonNullable<FastifyServerOptions['childLoggerFactory']> = (logger, bindings, options) =>
  logger.child(bindings, { ...options, serializers: { ...options.serializers, req: shown } });

function shown(request: FastifyRequest): object {
  return { method: request.method, path: request.url.split('?')[0], remoteAddress: request.ip };
}
