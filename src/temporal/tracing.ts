import type { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry';

/** Tracing of this process. */
export interface Tracing {
  /** For Temporal's Client, Worker and workflow bundle: spans of runs and steps, in the trace of who started the run. */
  readonly plugin: OpenTelemetryPlugin;
  /** Sends what is left and ends. */
  shutdown(): Promise<void>;
}

/**
 * Sends traces to the collector of `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` or `OTEL_EXPORTER_OTLP_ENDPOINT` (OTLP over HTTP; the
 * exporter reads its other variables too, and `OTEL_SERVICE_NAME` counts before `service`); undefined when neither is set.
 * At most once a process. OpenTelemetry is loaded only here, as it takes time.
 */
export async function openTracing(
  env: { readonly [name: string]: string | undefined },
  { service, version }: { service: string; version: string },
): Promise<Tracing | undefined> {
  if (!env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] && !env['OTEL_EXPORTER_OTLP_ENDPOINT']) return undefined;
  const [api, hooks, core, exporter, resources, base, names, temporal] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/core'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/semantic-conventions'),
    import('@temporalio/interceptors-opentelemetry'),
  ]);
  const resource = new resources.Resource({
    [names.ATTR_SERVICE_NAME]: env['OTEL_SERVICE_NAME'] ?? service,
    [names.ATTR_SERVICE_VERSION]: version,
  });
  const spanProcessor = new base.BatchSpanProcessor(new exporter.OTLPTraceExporter());
  const provider = new base.BasicTracerProvider({ resource, spanProcessors: [spanProcessor] });
  api.context.setGlobalContextManager(new hooks.AsyncLocalStorageContextManager().enable());
  api.propagation.setGlobalPropagator(new core.W3CTraceContextPropagator());
  api.trace.setGlobalTracerProvider(provider);
  return { plugin: new temporal.OpenTelemetryPlugin({ resource, spanProcessor }), shutdown: () => provider.shutdown() };
}
