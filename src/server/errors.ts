import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { codes, type Code } from '../definition/codes.js';
import { DistriError, InvalidInputError, type Problem } from '../definition/errors.js';
import { grpcCode } from '../client/rpc.js';
import { GRPC } from '../temporal/errors.js';
import { isDataException, storeError } from '../store/errors.js';
import type { App } from './app.js';
import { problemOf, PROBLEM_TYPE, statusOf } from './problem.js';

/** Seconds after which one may try again what failed with 429 or 503. */
const RETRY_AFTER_SECS = 2;

/** Codes for what Fastify itself refuses, by status. */
const REFUSALS: { readonly [status: number]: Code } = { 404: 'NOT_FOUND', 415: 'UNSUPPORTED_MEDIA_TYPE', 413: 'BODY_TOO_LARGE', 429: 'RATE_LIMITED', 503: 'OVERLOADED' };

/** Outages whose messages say what the inside looks like: addresses, namespaces, what a driver says. Those are for the log. */
const OUTAGES: ReadonlySet<Code> = new Set<Code>(['STORE_UNAVAILABLE', 'NO_TEMPORAL_SERVER', 'NAMESPACE_NOT_FOUND', 'TEMPORAL_UNAUTHORIZED', 'NO_WORKER', 'PAYLOAD_NOT_STORED']);

/** Every error is answered as problem details; what nobody foresaw, and outages, tell nothing of the inside. */
export function addErrors(app: App): void {
  const methodsAt = knownMethods(app);
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?');
    const methods = methodsAt(path);
    if (methods.length > 0) {
      reply.header('allow', [...methods, 'OPTIONS'].join(', '));
      if (request.method === 'OPTIONS') return reply.status(204).send();
      throw new DistriError('METHOD_NOT_ALLOWED', `${path} takes ${methods.join(', ')}, not ${request.method}`);
    }
    throw new DistriError('NOT_FOUND', `There is nothing at ${request.method} ${request.url.split('?')[0]}`, { hint: 'See /docs for all routes.' });
  });
  app.setErrorHandler(answerError);
}

/** The methods of the routes at a path, of those that are added from now on. */
function knownMethods(app: App): (path: string) => string[] {
  const routes: { readonly pattern: RegExp; readonly methods: string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`);
    if (!url.includes('*')) routes.push({ pattern, methods: [method].flat() });
  });
  return (path) => [...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))];
}

/** Answers what was thrown as problem details. */
export function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = tellable(thrown, request);
  if (isDataException(thrown)) request.log.warn({ err: thrown }, 'The database refused a value that no check of the request had refused');
  const isPrecondition = error.code === 'VERSION_CONFLICT' && request.headers['if-match'] !== undefined;
  const status = isPrecondition ? 412 : statusOf(error);
  if ((status === 429 || status === 503) && !reply.hasHeader('retry-after')) reply.header('retry-after', RETRY_AFTER_SECS);
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  return reply.status(status).type(PROBLEM_TYPE).send(JSON.stringify(problemOf(error, request.id, status)));
}

/** Answers what is no request that Node can read, and ends its connection. */
export function answerUnreadable({ code }: NodeJS.ErrnoException, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const error = new DistriError('BAD_REQUEST', `The request cannot be read as HTTP (${code ?? 'unknown'}): a method, a header or the length of all headers is not allowed`);
  const body = JSON.stringify(problemOf(error, randomUUID()));
  socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}

/** The error as others may be told it; what they may not goes to the log of the request. */
export function tellable(thrown: unknown, { log }: { readonly log: FastifyBaseLogger }): DistriError {
  const error = foreseen(thrown);
  const { code, message } = error;
  if (statusOf(error) === 500) log.error({ err: thrown }, 'A request failed');
  if (code === 'PROVIDER_FAILED') log.warn({ code, reason: withCauses(error) }, 'A provider failed');
  if (!OUTAGES.has(code)) return error;
  log.warn({ code, reason: message }, 'A request met an outage');
  return new DistriError(code, codes[code].title, { cause: error, hint: 'Runs are safe. Try again later; the log of the server says more, under the id of this request.' });
}

function withCauses(error: unknown): string {
  return error instanceof Error ? `${error.message}${error.cause === undefined ? '' : `: ${withCauses(error.cause)}`}` : String(error);
}

/** What nobody foresaw is `INTERNAL`. */
export function foreseen(thrown: unknown): DistriError {
  if (thrown instanceof DistriError) return thrown;
  if (grpcCode(thrown) === GRPC.RESOURCE_EXHAUSTED) return new DistriError('OVERLOADED', 'The Temporal server has too much to do', { cause: thrown });
  if (hasZodFastifySchemaValidationErrors(thrown)) return invalid(thrown);
  const stored = storeError(thrown);
  if (stored instanceof DistriError) return stored;
  if (isDataException(thrown)) return new DistriError('BAD_REQUEST', 'A value of the request is one that the database cannot hold', { cause: thrown });
  if (isRefusal(thrown)) return new DistriError(REFUSALS[thrown.statusCode] ?? 'BAD_REQUEST', thrown.message);
  return new DistriError('INTERNAL', 'The server failed; its log says how, under the id of this request');
}

/** Whether Fastify itself refuses the request. */
function isRefusal(thrown: unknown): thrown is Error & { statusCode: number } {
  return thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number' && thrown.statusCode >= 400 && thrown.statusCode < 500;
}

function invalid({ validation, validationContext }: FastifyError): DistriError {
  const where = validationContext ?? 'body';
  const problems = (validation ?? []).map((issue): Problem => {
    const path = issue.instancePath.split('/').filter((key) => key !== '').map((key) => `.${key}`).join('');
    return { severity: 'error', code: 'BAD_REQUEST', path: `${where === 'body' ? '$' : where}${path}`, message: issue.message ?? 'this does not fit' };
  });
  return new InvalidInputError('BAD_REQUEST', problems.map(({ path, message }) => `${path}: ${message}`).join('; '), problems);
}
