import type { Connection } from '../../src/activities/connection.js';
import type { DistriClient } from '../../src/client/index.js';

/** Every text and every run of bytes below a value, the bytes as text; `at`: the key of the field that holds it. */
export function* textsIn(value: unknown, at = ''): Generator<{ at: string; text: string }> {
  if (typeof value === 'string') yield { at, text: value };
  else if (value instanceof Uint8Array) yield { at, text: Buffer.from(value).toString('utf8') };
  else if (Array.isArray(value)) for (const item of value as unknown[]) yield* textsIn(item, at);
  else if (typeof value === 'object' && value !== null) for (const [key, item] of Object.entries(value)) yield* textsIn(item, key);
}

/** The raw events of one execution, by default the newest of the run, as the server keeps them. */
export async function rawHistory(client: DistriClient, workflowId: string, runId?: string): Promise<object[]> {
  const events: object[] = [];
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const page = await client.temporal.workflowService.getWorkflowExecutionHistory({
      namespace: client.namespace,
      execution: { workflowId, ...(runId === undefined ? {} : { runId }) },
      ...(nextPageToken ? { nextPageToken } : {}),
    });
    events.push(...(page.history?.events ?? []));
    nextPageToken = page.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
  return events;
}

/** The secrets of connections that are long enough to be masked: secret variables and header values, and what stands behind a scheme such as `Bearer`. */
export function plantedIn(connections: readonly Connection[]): string[] {
  const headers = connections.flatMap((each) => Object.values(each.headers)).flatMap((value) => [value, ...value.split(' ').slice(1)]);
  return [...connections.flatMap((each) => Object.values(each.secrets)), ...headers].filter((secret) => secret.length >= 8);
}

/**
 * Looks through every history on the client's task queue, those that runs continued from too, for secrets: as they are,
 * in base64 at any offset, in hexadecimal, URL-encoded. Names what it finds; `looked`: how many histories there were.
 */
export async function findLeaks(client: DistriClient, secrets: readonly string[]): Promise<{ looked: number; leaks: string[] }> {
  const needles = secrets.flatMap((secret) => formsOf(secret).map((form) => ({ secret, form })));
  const leaks: string[] = [];
  let looked = 0;
  for (const { workflowId, runId } of await executionsOf(client)) {
    looked += 1;
    for (const event of await rawHistory(client, workflowId, runId)) {
      for (const { at, text } of textsIn(event)) {
        for (const { secret, form } of needles) if (text.includes(form)) leaks.push(`${workflowId}: '${secret}' as '${form}' in ${at}: ${text.slice(0, 300)}`);
      }
    }
  }
  return { looked, leaks };
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inBase64 = [0, 1, 2].map((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    // The first and last characters hold bits of the neighbours.
    return shifted.slice(offset === 0 ? 0 : offset + 1).replace(/=+$/, '').slice(0, -1);
  });
  const forms = [secret, ...inBase64, ...inBase64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')), bytes.toString('hex'), encodeURIComponent(secret)];
  const escaped = JSON.stringify(secret).slice(1, -1);
  const twice = JSON.stringify(escaped).slice(1, -1);
  return [...new Set([...forms, escaped, twice, JSON.stringify(twice).slice(1, -1)])];
}

async function executionsOf(client: DistriClient): Promise<{ workflowId: string; runId: string }[]> {
  const found = [];
  for await (const { workflowId, runId } of client.temporal.workflow.list({ query: `TaskQueue = '${client.queuePrefix}'` })) found.push({ workflowId, runId });
  return found;
}
