import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { expect, inject, test, vi } from 'vitest';
import { DistriClient } from '../../src/client/index.js';
import { createWorker, openTracing } from '../../src/worker/index.js';

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
}

interface Sent {
  resourceSpans: { resource: { attributes: { key: string; value: { stringValue?: string } }[] }; scopeSpans: { spans: Span[] }[] }[];
}

test('a run and its steps are spans of one trace, sent to the collector', async () => {
  const spans: Span[] = [];
  const services = new Set<string | undefined>();
  const collector = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      for (const { resource, scopeSpans } of (JSON.parse(body) as Sent).resourceSpans) {
        services.add(resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue);
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      response.end('{}');
    });
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', endpoint);
  const tracing = await openTracing(process.env, { service: 'distri-worker', version: '1' });
  if (tracing === undefined) return expect.unreachable();

  const temporal = { address: inject('temporalAddress'), queuePrefix: 'traced' };
  const worker = await createWorker({ ...temporal, skills: ['native:shell'], logger: pino({ level: 'silent' }), tracing });
  const running = worker.run();
  const client = await DistriClient.connect({ ...temporal, tracing });
  const run = await client.start({ id: 'traced', steps: [{ id: 'say', kind: { type: 'script', command: 'echo 1' } }] });
  await run.result();
  await client.close();
  await worker.shutdown();
  await running;
  await tracing.shutdown();
  collector.close();

  const named = (name: string) => spans.find((span) => span.name === name);
  const started = named('StartWorkflow:distriWorkflow');
  const ran = named('RunWorkflow:distriWorkflow');
  expect([...services]).toEqual(['distri-worker']);
  expect(ran?.parentSpanId).toBe(started?.spanId);
  expect(named('StartActivity:script')?.parentSpanId).toBe(ran?.spanId);
  expect(named('RunActivity:script')?.traceId).toBe(started?.traceId);
});

test('without a collector nothing is traced', async () => {
  expect(await openTracing({}, { service: 'distri-worker', version: '1' })).toBeUndefined();
});
