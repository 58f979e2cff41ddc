import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { serve, type TestServer } from '../../support/http.js';

/** An HTTP server with well-known paths; a case's own `?key=` keeps its counts apart from those of other cases. */
export interface Site extends TestServer {
  /** Paths of `/slow` and `/endless` whose caller has hung up. */
  readonly hungUp: Set<string>;
}

type Answer = (response: ServerResponse, request: { url: URL; method: string; body: string; headers: IncomingMessage['headers'] }) => void;

export async function openSite(): Promise<Site> {
  const seen = new Map<string, number>();
  const hungUp = new Set<string>();
  const nth = (key: string): number => {
    seen.set(key, (seen.get(key) ?? 0) + 1);
    return seen.get(key) ?? 0;
  };
  const noteHangUp = (response: ServerResponse, path: string): void => {
    response.once('close', () => {
      if (!response.writableFinished) hungUp.add(path);
    });
  };
  const pages: { [path: string]: Answer } = {
    '/json': (response) => json(response, 200, { hello: 'world', list: [1, 2, 3] }),
    '/v1/agents': (response) => json(response, 200, [{ name: 'helper' }]),
    '/v1/skills': (response) => json(response, 200, ['native:tool']),
    '/records': (response) => json(response, 200, [{ city: 'Oslo', celsius: 4 }, { city: 'Rome', celsius: '19' }, { city: '', celsius: 7 }]),
    '/text': (response) => text(response, 200, '{"not": "parsed"}'),
    '/echo': (response, { url, method, body, headers }) => {
      const { 'x-case': seenHeader = null, 'content-type': type = null, authorization = null } = headers;
      json(response, 200, { method, query: url.search, body, type, header: seenHeader, authorization });
    },
    '/status': (response, { url }) => text(response, Number(url.searchParams.get('code')), `status ${url.searchParams.get('code')}`),
    '/busy': (response, { url }) => {
      if (nth(url.href) > 1) return json(response, 200, { calls: nth(url.href) - 1 });
      response.setHeader('retry-after', '2');
      text(response, 429, 'slow down');
    },
    '/mended': (response, { url }) => (nth(url.href) === 1 ? text(response, 500, 'broken') : json(response, 200, { mended: true })),
    '/counted': (response, { url }) => text(response, 500, `call ${nth(url.href)}`),
    '/redirect': (response, { url }) => response.writeHead(302, { location: url.searchParams.get('to') ?? '/json' }).end(),
    // A model that answers with the prompt that it was given, behind OpenAI's chat completions.
    '/model/chat/completions': (response, { body, headers }) => {
      const { model, messages } = JSON.parse(body) as { model: string; messages: { content: string }[] };
      if (headers.authorization !== 'Bearer model-key-12345') return text(response, 401, 'who are you?');
      const message = { role: 'assistant', content: messages.at(-1)?.content };
      json(response, 200, { id: 'x', object: 'chat.completion', created: 0, model, choices: [{ index: 0, message, finish_reason: 'stop' }] });
    },
    '/slow': (response, { url }) => noteHangUp(response, url.search),
    '/late': (response) => void sleep(300).then(() => json(response, 200, { late: true })),
    '/endless': (response, { url }) => {
      noteHangUp(response, url.search);
      response.writeHead(200, { 'content-type': 'text/plain' });
      const chunk = Buffer.alloc(256 * 1024, 'x');
      const write = (): void => {
        if (response.destroyed) return;
        response.write(chunk, () => setImmediate(write));
      };
      write();
    },
    '/key': (response, { url, headers }) => {
      const expected = url.searchParams.get('token');
      if (headers.authorization === `Bearer ${expected}`) return json(response, 200, { welcome: true });
      text(response, Number(url.searchParams.get('code') ?? 401), `no entry with ${headers.authorization ?? 'nothing'}`);
    },
  };
  const server = await serve((request, response) => {
    const url = new URL(request.url ?? '/', 'http://site');
    const page = Object.hasOwn(pages, url.pathname) ? pages[url.pathname] : undefined;
    const body = server.requests.at(-1)?.body ?? '';
    if (page) page(response, { url, method: request.method ?? '', body, headers: request.headers });
    else text(response, 404, 'nothing here');
  });
  return { ...server, hungUp };
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function text(response: ServerResponse, status: number, value: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(value);
}
