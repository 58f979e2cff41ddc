import { DistriError } from '../definition/errors.js';
import { parseExact, type InexactNumber } from '../definition/exact-json.js';
import { messageOf } from '../definition/text.js';
import { utf8Problem } from '../definition/utf8.js';
import type { App } from './app.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body byte for byte: for signatures, and for documents that are kept as they were sent. */
    rawBody: Buffer | undefined;
    /** Numbers of the body that are not kept as they were written. */
    inexact: readonly InexactNumber[] | undefined;
  }
}

/** Those of one member of the body, by their place in it. */
export function inexactIn({ inexact }: { readonly inexact: readonly InexactNumber[] | undefined }, member: string): InexactNumber[] {
  return (inexact ?? []).filter(({ path }) => path[0] === member);
}

/**
 * JSON bodies, kept as bytes beside what they parse to. Nothing is taken out: `__proto__` is an ordinary key here, as
 * everywhere. An empty body is no body.
 */
export function addBodyParser(app: App): void {
  app.decorateRequest('rawBody', undefined);
  app.decorateRequest('inexact');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(/^application\/(.+\+)?json\b/, { parseAs: 'buffer' }, (request, body, done) => {
    request.rawBody = body;
    if (body.length === 0) return done(null, undefined);
    try {
      const problem = utf8Problem(body);
      if (problem !== undefined) throw new SyntaxError(`it is not UTF-8: ${problem}`);
      const { value, inexact } = parseExact(new TextDecoder().decode(body));
      request.inexact = inexact;
      done(null, value);
    } catch (error) {
      const reason = messageOf(error);
      done(new DistriError('MALFORMED_JSON', `The body is not JSON: ${reason}`));
    }
  });
}
