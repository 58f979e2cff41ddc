import { InterceptingCall, Metadata, status } from '@grpc/grpc-js';
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
  return [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), failWhenClosed];
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
