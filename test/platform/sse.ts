import type { Platform } from './stage.js';

/** A message of an event stream. */
export interface Message {
  id?: string;
  event: string;
  // What came; each test knows what it expects.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  data: any;
}

export interface StreamOptions {
  /** As in `send`. */
  as?: string;
  lastEventId?: string;
}

/** An open event stream. */
export interface Stream {
  readonly response: Response;
  /** Lines that are comments. */
  readonly comments: string[];
  /** Messages as they come; ends with the stream. */
  messages(): AsyncGenerator<Message, void>;
  /** The rest of the messages. */
  rest(): Promise<Message[]>;
  close(): void;
}

export async function openStream(platform: Pick<Platform, 'url'>, path: string, { as = 'local:admin', lastEventId }: StreamOptions = {}): Promise<Stream> {
  const abort = new AbortController();
  const response = await fetch(`${platform.url}${path}`, {
    headers: { authorization: `Bearer ${as}`, accept: 'text/event-stream', ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
    signal: abort.signal,
  });
  const comments: string[] = [];
  const all = parse(response, comments);
  return {
    response,
    comments,
    // Not the generator itself: leaving a loop over it must not end the stream.
    messages: async function* () {
      for (let next = await all.next(); next.done !== true; next = await all.next()) yield next.value;
    },
    rest: async () => {
      const messages: Message[] = [];
      for (let next = await all.next(); next.done !== true; next = await all.next()) messages.push(next.value);
      return messages;
    },
    close: () => abort.abort(),
  };
}

async function* parse({ body }: Response, comments: string[]): AsyncGenerator<Message, void> {
  if (body === null) return;
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map<string, string>();
      for (const line of block.split('\n')) {
        if (line.startsWith(':')) comments.push(line);
        else fields.set(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2));
      }
      const id = fields.get('id');
      if (fields.has('data')) yield { ...(id === undefined ? {} : { id }), event: fields.get('event') ?? '', data: JSON.parse(fields.get('data') ?? '') };
    }
  }
}
