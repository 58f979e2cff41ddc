/**
 * A real MCP server for tests: on stdio, with `http` or `sse` on 127.0.0.1 (a port may follow). It prints its address.
 * `--fail` makes it complain and exit instead.
 */
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import process from 'node:process';
import { setTimeout } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';
import { URL } from 'node:url';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

const text = (value) => ({ content: [{ type: 'text', text: value }] });

function makeServer() {
  const server = new McpServer({ name: 'test', version: '1' });
  server.registerTool(
    'add',
    { description: 'Adds', inputSchema: { a: z.number(), b: z.number() }, outputSchema: { sum: z.number() } },
    ({ a, b }) => ({ ...text('ignored'), structuredContent: { sum: a + b } }),
  );
  server.registerTool('echo', { inputSchema: { text: z.string() } }, (input) => text(input.text));
  server.registerTool('pid', {}, () => text(String(process.pid)));
  server.registerTool('environment', {}, () => text(JSON.stringify(process.env)));
  server.registerTool('argv', {}, () => text(JSON.stringify(process.argv.slice(2))));
  server.registerTool('fail', {}, () => ({ ...text('no such account'), isError: true }));
  server.registerTool('picture', {}, () => ({ content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] }));
  server.registerTool('nothing', {}, () => ({ content: [] }));
  server.registerTool('die', {}, () => process.exit(1));
  server.registerTool('die-later', {}, async () => {
    await delay(300);
    process.exit(1);
  });
  server.registerTool('exit-soon', {}, () => {
    setTimeout(() => process.exit(0), 50);
    return text('bye');
  });
  let aborted = 0;
  server.registerTool('hang', {}, async (extra) => {
    extra.signal.addEventListener('abort', () => (aborted += 1));
    await delay(60_000, undefined, { signal: extra.signal });
    return text('never');
  });
  server.registerTool('aborted', {}, () => text(String(aborted)));
  return server;
}

async function readJson(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : undefined;
}

const sessions = new Map();

async function streamable(request, response) {
  const body = await readJson(request);
  const known = sessions.get(request.headers['mcp-session-id']);
  if (known) return known.handleRequest(request, response, body);
  if (body?.method !== 'initialize') return response.writeHead(404).end('no such session');
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    onsessioninitialized: (id) => sessions.set(id, transport),
  });
  await makeServer().connect(transport);
  return transport.handleRequest(request, response, body);
}

async function sse(request, response) {
  const url = new URL(request.url, 'http://127.0.0.1');
  if (request.method === 'POST' && url.pathname === '/messages') {
    return sessions.get(url.searchParams.get('sessionId'))?.handlePostMessage(request, response);
  }
  if (request.method !== 'GET') return response.writeHead(405).end();
  const transport = new SSEServerTransport('/messages', response);
  sessions.set(transport.sessionId, transport);
  return makeServer().connect(transport);
}

const [mode, port = '0'] = process.argv.slice(2);
if (mode === '--fail') {
  process.stderr.write('cannot find the database\n');
  process.exit(3);
} else if (mode === 'http' || mode === 'sse') {
  const server = createServer((request, response) => void (mode === 'http' ? streamable : sse)(request, response));
  server.listen(Number(port), '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}/mcp\n`));
} else {
  await makeServer().connect(new StdioServerTransport());
}
