import { z } from 'zod';
import { DistriError } from '../definition/errors.js';
import { parseWorkflow, type ParsedWorkflow } from '../definition/parse.js';
import { messageOf } from '../definition/text.js';
import type { Context } from './context.js';
import { readDevState } from './dev-state.js';

const TIMEOUT_MS = 10_000;
const answerSchema = z.object({ id: z.string(), version: z.number(), definition: z.record(z.string(), z.unknown()) });

/** The newest version of a workflow of the API that is configured or runs in the folder; undefined when there is none. */
export async function storedWorkflow({ environment, folder }: Context, id: string): Promise<ParsedWorkflow | undefined> {
  const api = environment.apiUrl ?? (await readDevState(folder))?.api;
  if (api === undefined) return undefined;
  const { apiToken: token } = environment;
  const url = `${api.replace(/\/$/, '')}/v1/workflows/${encodeURIComponent(id)}`;
  const response = await fetch(url, {
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new DistriError('USAGE', `The API at ${api} does not answer: ${messageOf(cause)}`, {
      cause,
      hint: 'Check DISTRI_API_URL, or name a file.',
    });
  });
  if (response.status === 404) return undefined;
  if (!response.ok) {
    throw new DistriError('USAGE', `The API at ${api} answers ${response.status} when asked for the workflow '${id}'`, {
      hint: response.status === 401 ? 'Set DISTRI_TOKEN to an API token.' : 'Look at its log.',
    });
  }
  const { definition, ...record } = answerSchema.parse(await response.json());
  // A run of a stored workflow is called after the workflow, whatever the definition calls itself.
  const inner = definition['agent_type'] === undefined ? undefined : definition['definition'];
  const named = typeof inner === 'object' ? { ...definition, definition: { ...inner, ...record } } : { ...definition, ...record };
  return parseWorkflow(JSON.stringify(named), { format: 'json' });
}
