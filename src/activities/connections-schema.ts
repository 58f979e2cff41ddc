import { z } from 'zod';
import type { Code } from '../definition/codes.js';
import { DistriError } from '../definition/errors.js';
import { isSkill } from '../definition/checks/skills.js';
import { formatPath } from '../definition/problems/path.js';
import { isHeaderName, isHeaderValue } from '../kinds/api-call/headers.js';
import { isHostPattern } from '../kinds/api-call/hosts.js';

// No message repeats a value: it may be a secret.
const variables = z.record(z.string(), z.string());
const headers = z.record(
  z.string().refine(isHeaderName, 'this cannot be the name of an HTTP header'),
  z.string().refine(isHeaderValue, 'an HTTP header is one line of Latin-1 text: no line breaks or control characters'),
);

/** A connection as it is written. One without `revision` gets the time of the file's last change as its revision. */
export const connectionSchema = z
  .strictObject({
    skill: z
      .string()
      .refine(isSkill, 'expected namespace:name, such as google:drive')
      .refine((skill) => !skill.startsWith('native:'), 'a native: skill is what a worker can do, not a connection'),
    permissions: z.array(z.string()).default([]),
    env: variables.default({}),
    secrets: variables.default({}),
    headers: headers.default({}),
    hosts: z
      .array(z.string().refine(isHostPattern, 'expected a host such as api.example.com, *.example.com or 127.0.0.1:8080'))
      .default([]),
    revision: z.string().min(1).optional(),
    expires_at: z.iso.datetime({ offset: true }).optional(),
    updated_at: z.string().optional(),
  })
  .refine(({ headers, hosts }) => Object.keys(headers).length === 0 || hosts.length > 0, {
    path: ['hosts'],
    message: 'headers need at least one host that they are sent to',
  });

export type StoredConnection = z.infer<typeof connectionSchema>;

/**
 * A connection that was given, with its defaults.
 * @throws DistriError `BAD_SKILL`, `BAD_HEADER` or `WRONG_TYPE`
 */
export function checkedConnection(connection: z.input<typeof connectionSchema>): StoredConnection {
  const checked = connectionSchema.safeParse(connection);
  if (checked.success) return checked.data;
  const [first] = checked.error.issues;
  const codes: { [field: string]: Code } = { skill: 'BAD_SKILL', headers: 'BAD_HEADER', hosts: 'BAD_HEADER' };
  throw new DistriError(codes[String(first?.path[0])] ?? 'WRONG_TYPE', `The connection '${connection.skill}' cannot be used: ${describeIssues(checked.error)}`);
}

export const connectionsFileSchema = z.strictObject({
  version: z.literal(1),
  connections: z.array(connectionSchema).superRefine((connections, context) => {
    const seen = new Set<string>();
    for (const [index, { skill }] of connections.entries()) {
      if (seen.has(skill)) context.addIssue({ code: 'custom', path: [index, 'skill'], message: 'another connection has this skill' });
      seen.add(skill);
    }
  }),
});

/** What is wrong and where, as one line. */
export function describeIssues({ issues }: z.ZodError): string {
  return issues.map((issue) => `${formatPath(keysOf(issue))}: ${messageOf(issue)}`).join('; ');
}

/** The way to what an issue speaks of. */
export function keysOf({ path }: z.core.$ZodIssue): (string | number)[] {
  return path.map((key) => (typeof key === 'symbol' ? String(key) : key));
}

function messageOf(issue: z.core.$ZodIssue): string {
  return (issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined) ?? issue.message;
}
