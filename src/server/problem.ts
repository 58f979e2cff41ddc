import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { DistriError, Problem } from '../definition/errors.js';
import { STATUSES } from './statuses.js';

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

/** The HTTP status that an error answers with. */
export function statusOf({ code }: DistriError): number {
  return STATUSES[code];
}

/** An error as it is answered. */
export function problemOf(error: DistriError, requestId: string, status = statusOf(error)): ProblemDetails {
  const problems = problemsOf(error);
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
