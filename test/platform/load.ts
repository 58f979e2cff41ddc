import { setTimeout as sleep } from 'node:timers/promises';

/** A start over HTTP as a client makes it: the same request again, with the same key, until it is answered. */
export interface StartRequest {
  readonly path: string;
  readonly body: object;
}

/** What clients saw. */
export interface Seen {
  /** Run ids by key, of starts that were answered 2xx. */
  readonly started: Map<string, string>;
  /** How often each status, or `lost` for a connection that broke, was seen. */
  readonly answers: Map<number | 'lost', number>;
  /** Codes of problems. */
  readonly codes: Set<string>;
  /** What nobody may see. */
  readonly faults: string[];
}

export interface LoadOptions {
  readonly url: string;
  readonly token: string;
  readonly clients: number;
  /** What its keys begin with: no other load has the same. */
  readonly name: string;
  /** The start with a number and a key. */
  readonly request: (number: number, key: string) => StartRequest;
  /** Most starts in all; default: until it is stopped. */
  readonly most?: number;
}

export interface Load extends Seen {
  /** Begins no new start; resolves when all that were begun are answered 2xx. */
  stop(): Promise<void>;
  /** Resolves when all starts are made. */
  readonly done: Promise<void>;
}

const LOST_PAUSE_MS = 100;
const TIMEOUT_MS = 30_000;

/** Starts runs as fast as so many clients can. */
export function startLoad({ url, token, name, clients, request, most = Number.POSITIVE_INFINITY }: LoadOptions): Load {
  const seen: Seen = { started: new Map(), answers: new Map(), codes: new Set(), faults: [] };
  let count = 0;
  let stopped = false;
  const client = async (): Promise<void> => {
    while (!stopped && count < most) {
      const number = (count += 1);
      const key = `${name}-${number}`;
      const { path, body } = request(number, key);
      await insist(`${url}${path}`, { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key }, JSON.stringify(body), key, seen);
    }
  };
  const done = Promise.all(Array.from({ length: clients }, client)).then(() => undefined);
  return {
    ...seen,
    done,
    stop: () => {
      stopped = true;
      return done;
    },
  };
}

/** Sends a request until it is answered with something else than "later". */
async function insist(url: string, headers: { [name: string]: string }, body: string, key: string, seen: Seen): Promise<void> {
  for (;;) {
    const answer = await once(url, headers, body);
    const status = answer?.status ?? 'lost';
    seen.answers.set(status, (seen.answers.get(status) ?? 0) + 1);
    if (answer === undefined) {
      await sleep(LOST_PAUSE_MS);
      continue;
    }
    if (answer.status === 200 || answer.status === 201) {
      seen.started.set(key, (JSON.parse(answer.text) as { run_id: string }).run_id);
      return;
    }
    if (answer.status !== 429 && answer.status !== 503) {
      seen.faults.push(`${key}: ${answer.status} ${answer.text}`);
      return;
    }
    seen.codes.add((JSON.parse(answer.text) as { code: string }).code);
    const after = Number(answer.retryAfter);
    if (!(after > 0)) seen.faults.push(`${key}: ${answer.status} without Retry-After`);
    await sleep(1_000 * (after || 1));
  }
}

async function once(url: string, headers: { [name: string]: string }, body: string) {
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { status: response.status, text: await response.text(), retryAfter: response.headers.get('retry-after') };
  } catch {
    return undefined;
  }
}
