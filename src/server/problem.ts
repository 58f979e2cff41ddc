import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { Code } from '../definition/codes.js';
import type { DistriError} from '../definition/errors.js';
import { type Problem } from '../definition/errors.js';

/** What is wrong, or worth a look, in a document or an input. */
export const problemListSchema = z.array(
  z.object({
    severity: z.enum(['error', 'warning']),
    code: z.string(),
    path: z.string().describe('JSON path'),
    message: z.string(),
    line: z.int().optional(),
    column: z.int().optional(),
    hint: z.string().optional(),
  }),
);

/** The one shape of errors: RFC 9457 problem details, with our code and, for documents and inputs, all problems by path. */
export const problemSchema = z
  .object({
    type: z.string().describe('urn:distri-workflow:error:<code>'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe('Stable: go by it, not by the text. See docs/errors.md.'),
    hint: z.string().optional(),
    instance: z.string().optional().describe('The id of the request, as in the log'),
    problems: problemListSchema.optional(),
  })
  .meta({ id: 'Problem' });

export type ProblemDetails = z.infer<typeof problemSchema>;

const PROBLEM_MEDIA = 'application/problem+json';
export const PROBLEM_TYPE = `${PROBLEM_MEDIA}; charset=utf-8`;

/** Statuses of codes whose status is not 400. */
const STATUSES: { readonly [code in Code]?: number } = {
  UNAUTHENTICATED: 401,
  OAUTH_REFUSED: 400,
  WEBHOOK_REFUSED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  RUN_NOT_FOUND: 404,
  WORKFLOW_NOT_FOUND: 404,
  CONNECTION_NOT_FOUND: 404,
  PROVIDER_NOT_FOUND: 404,
  TOKEN_NOT_FOUND: 404,
  CHECKPOINT_NOT_FOUND: 404,
  RUN_ALREADY_EXISTS: 409,
  VERSION_CONFLICT: 409,
  RUN_ENDED: 409,
  STEP_NOT_WAITING: 409,
  STEP_NOT_HELD: 409,
  STEP_NOT_SKIPPABLE: 409,
  MIGRATION_REFUSED: 409,
  MIGRATION_UNDECIDED: 409,
  NOTHING_TO_RERUN: 409,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  DOCUMENT_TOO_LARGE: 413,
  INPUT_TOO_LARGE: 413,
  ANSWER_REFUSED: 422,
  INVALID_INPUT: 422,
  MISSING_INPUT: 422,
  IDEMPOTENCY_KEY_REUSED: 422,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  PROVIDER_FAILED: 502,
  STORE_UNAVAILABLE: 503,
  STORE_NOT_MIGRATED: 503,
  OVERLOADED: 503,
  NO_WORKER: 503,
  NO_TEMPORAL_SERVER: 503,
  TEMPORAL_UNAUTHORIZED: 503,
  NAMESPACE_NOT_FOUND: 503,
};

/** The HTTP status that an error answers with. */
export function statusOf({ code }: DistriError): number {
  return STATUSES[code] ?? 400;
}

/** An error as it is answered. */
export function problemOf(error: DistriError, requestId: string): ProblemDetails {
  const problems = problemsOf(error);
  const status = statusOf(error);
  return {
    type: `urn:distri-workflow:error:${error.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: error.message,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    instance: requestId,
    ...(problems === undefined ? {} : { problems }),
  };
}

function problemsOf(error: DistriError): Problem[] | undefined {
  return 'problems' in error && Array.isArray(error.problems) && error.problems.length > 0 ? (error.problems as Problem[]) : undefined;
}

const problemResponse = { description: 'What is wrong, as problem details', content: { [PROBLEM_MEDIA]: { schema: problemSchema } } };

/** For the `response` of a route's schema. */
export const errorResponses = { '4xx': problemResponse, '5xx': problemResponse };
