import { DistriError } from '../definition/errors.js';
import { messageOf } from '../definition/text.js';
import type { App } from './app.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body byte for byte: for signatures, and for documents that are kept as they were sent. */
    rawBody: Buffer | undefined;
  }
}

/**
 * JSON bodies, kept as bytes beside what they parse to. Nothing is taken out: `__proto__` is an ordinary key here, as
 * everywhere. An empty body is no body.
 */
export function addBodyParser(app: App): void {
  app.decorateRequest('rawBody', undefined);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(/^application\/(.+\+)?json\b/, { parseAs: 'buffer' }, (request, body, done) => {
    request.rawBody = body;
    if (body.length === 0) return done(null, undefined);
    try {
      done(null, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
    } catch (error) {
      const reason = messageOf(error);
      done(new DistriError('MALFORMED_JSON', `The body is not JSON: ${reason}`));
    }
  });
}
