import { InterceptingCall, Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client';
import { messageOf } from '../definition/text.js';

type Interceptors = NonNullable<ConnectionOptions['interceptors']>;
type Interceptor = Interceptors[number];
type Call = ConstructorParameters<typeof InterceptingCall>[0];

/**
 * Temporal's own retries, for connections that may be closed while one of them is due: the retry then fails its call
 * with CANCELLED. By itself gRPC throws it from a timer, where nobody can catch it and the process ends.
 */
export function retriesUntilClosed(): Interceptors {
  const { delayFunction, retryableDecider } = defaultGrpcRetryOptions();
  const options = { delayFunction, retryableDecider: (attempt: number, result: StatusObject) => !isCrowded(result) && retryableDecider(attempt, result) };
  return [makeGrpcRetryInterceptor(options), failWhenClosed];
}

/** Whether a workflow has as many updates under way as Temporal takes: whoever sends them knows best when to send one again. */
export function isCrowded({ code, details }: Pick<StatusObject, 'code' | 'details'>): boolean {
  return code === status.RESOURCE_EXHAUSTED && /in-flight updates/i.test(details);
}

const failWhenClosed: Interceptor = (options, nextCall) => {
  try {
    return new InterceptingCall(nextCall(options));
  } catch (error) {
    return new InterceptingCall(canceledCall(messageOf(error)));
  }
};

function canceledCall(details: string): Call {
  return {
    start: (_metadata, listener) => {
      process.nextTick(() => {
        // As gRPC does for a call that fails: what retries calls counts on a message before the status.
        listener?.onReceiveMessage?.(null);
        listener?.onReceiveStatus?.({ code: status.CANCELLED, details, metadata: new Metadata() });
      });
    },
    sendMessage: () => undefined,
    sendMessageWithContext: () => undefined,
    startRead: () => undefined,
    halfClose: () => undefined,
    cancelWithStatus: () => undefined,
    getPeer: () => '',
    getAuthContext: () => null,
  };
}
