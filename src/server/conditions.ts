import { z } from 'zod';
import type { App } from './app.js';
import { WEBHOOK_MOUNT } from './routes/webhooks.js';

/** Whose queries are those of others. */
const FREE = [WEBHOOK_MOUNT, '/v1/connections/callback'];

/** What HTTP has all routes do: answer what a reader has already with 304, and take no parameter that they do not know. */
export function addConditions(app: App): void {
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/v1/') || FREE.some((url) => route.url.startsWith(url))) return;
    route.schema = { ...route.schema, querystring: route.schema?.querystring ?? z.strictObject({}) };
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const etag = reply.getHeader('etag');
    if (reply.statusCode !== 200 || typeof etag !== 'string' || (request.method !== 'GET' && request.method !== 'HEAD')) return payload;
    if (!matches(request.headers['if-none-match'], etag)) return payload;
    reply.status(304).removeHeader('content-type').removeHeader('content-length');
    return null;
  });
}

function matches(given: string | undefined, etag: string): boolean {
  const plain = (text: string): string => text.trim().replace(/^W\//, '');
  return given !== undefined && given.split(',').some((each) => each.trim() === '*' || plain(each) === plain(etag));
}
