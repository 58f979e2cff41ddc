import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { z } from 'zod';
import type { App, ServerDeps } from './app.js';
import { addBlockedRunsMetric } from './blocked-runs-metric.js';
import { errorResponses } from './problem.js';

/** What the server counts, besides requests. */
export interface Metrics {
  readonly runsStarted: Counter;
  readonly openStreams: Gauge;
}

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics;
  }
}

const DURATION_BUCKETS_SECS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const NO_ROUTE = 'none';

/** `GET /metrics` in the text format of Prometheus: requests by route and status, runs started and blocked, open streams, the process. */
export function addMetrics(app: App, { client, settings: { metricsPublic } }: Pick<ServerDeps, 'client' | 'settings'>): void {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  addBlockedRunsMetric(registry, client);
  const labelNames = ['method', 'route', 'status'] as const;
  const requests = new Counter({ name: 'distri_http_requests_total', help: 'Requests answered', labelNames, registers });
  const durations = new Histogram({ name: 'distri_http_request_duration_seconds', help: 'Time to the end of an answer, event streams excepted', labelNames, buckets: DURATION_BUCKETS_SECS, registers });
  app.decorate('metrics', {
    runsStarted: new Counter({ name: 'distri_runs_started_total', help: 'Runs started over HTTP', registers }),
    openStreams: new Gauge({ name: 'distri_event_streams_open', help: 'Open event streams', registers }),
  });
  app.addHook('onResponse', async (request, reply) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? NO_ROUTE, status: reply.statusCode };
    requests.inc(labels);
    if (!String(reply.getHeader('content-type')).startsWith('text/event-stream')) durations.observe(labels, reply.elapsedTime / 1000);
  });
  app.get(
    '/metrics',
    { config: { access: metricsPublic ? 'public' : 'metrics', rateLimit: false }, schema: { tags: ['health'], summary: 'Metrics for Prometheus', response: { 200: { description: 'The text format of Prometheus', content: { 'text/plain': { schema: z.string() } } }, ...errorResponses } } },
    async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  );
}
