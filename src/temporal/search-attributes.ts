import type { ConnectionLike } from '@temporalio/client';
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../definition/messages.js';
import { GRPC, grpcCode } from './errors.js';

const { IndexedValueType } = proto.temporal.api.enums.v1;
const NAMES = Object.keys(SEARCH_ATTRIBUTES) as (keyof typeof SEARCH_ATTRIBUTES)[];

function valueType(name: keyof typeof SEARCH_ATTRIBUTES): proto.temporal.api.enums.v1.IndexedValueType {
  return IndexedValueType[`INDEXED_VALUE_TYPE_${SEARCH_ATTRIBUTES[name]}`];
}

/** The connection of a client or of a worker. */
type Services = Pick<ConnectionLike, 'operatorService' | 'workflowService'>;
type Standing = 'present' | 'missing' | 'conflict';

async function standing(connection: Services, namespace: string): Promise<{ state: Standing; missing: typeof NAMES }> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = NAMES.filter((name) => customAttributes[name] === undefined);
  const conflict = NAMES.some((name) => customAttributes[name] !== undefined && customAttributes[name] !== valueType(name));
  return { state: conflict ? 'conflict' : missing.length > 0 ? 'missing' : 'present', missing };
}

/** Temporal Cloud refuses the operator service but tells a namespace's attributes with the namespace. */
async function namedByNamespace(connection: Services, namespace: string): Promise<boolean> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  const known = new Set(Object.values(config?.customSearchAttributeAliases ?? {}));
  return NAMES.every((name) => known.has(name));
}

/** The server is alive and refuses: no right to do this, no such service, or no room for more attributes. */
function isRefusal(error: unknown): boolean {
  const refusals: readonly number[] = [
    GRPC.INVALID_ARGUMENT,
    GRPC.PERMISSION_DENIED,
    GRPC.RESOURCE_EXHAUSTED,
    GRPC.FAILED_PRECONDITION,
    GRPC.UNIMPLEMENTED,
    GRPC.UNAUTHENTICATED,
  ];
  const code = grpcCode(error);
  return code !== undefined && refusals.includes(code);
}

async function addMissing(connection: Services, namespace: string): Promise<'present' | 'unavailable'> {
  const before = await standing(connection, namespace);
  if (before.state !== 'missing') return before.state === 'present' ? 'present' : 'unavailable';
  try {
    const searchAttributes = Object.fromEntries(before.missing.map((name) => [name, valueType(name)]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    // Another process may have added them between the two calls: what the server lists now decides.
    if (grpcCode(error) !== GRPC.ALREADY_EXISTS && !isRefusal(error)) throw error;
  }
  return (await standing(connection, namespace)).state === 'present' ? 'present' : 'unavailable';
}

/**
 * Registers the search attributes that the namespace lacks. Safe to repeat, and in several processes at once.
 * `unavailable`: they are not there and may not be added (Temporal Cloud, missing rights, a name taken by another
 * type, no room); runs then start without them.
 * @throws the gRPC error when the server does not answer or the namespace does not exist.
 */
export async function ensureSearchAttributes(connection: Services, namespace: string): Promise<'present' | 'unavailable'> {
  try {
    return await addMissing(connection, namespace);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return (await namedByNamespace(connection, namespace)) ? 'present' : 'unavailable';
  }
}
