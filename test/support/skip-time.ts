import { Client, Connection } from '@temporalio/client';

/**
 * A Temporal client whose workflows skip time: while nothing of a run is under way, its next timer is due at once. The SDK
 * has no option for that, and a gRPC interceptor would be too late. Its connection is the caller's to close.
 */
export async function timeSkippingClient(address: string): Promise<{ client: Client; connection: Connection }> {
  const connection = await Connection.connect({ address });
  const service = connection.workflowService;
  const start = (request: object) => service.startWorkflowExecution({ ...request, timeSkippingConfig: { enabled: true } });
  const skipping = new Proxy(service, {
    get: (target, name) => {
      if (name === 'startWorkflowExecution') return start;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  Object.defineProperty(connection, 'workflowService', { value: skipping });
  return { client: new Client({ connection }), connection };
}
