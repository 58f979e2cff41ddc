import { errors, Pool, ProxyAgent, type Dispatcher } from 'undici';

/** The proxy closed the connection instead of opening a tunnel. Nothing was sent to the host behind it. */
class TunnelError extends Error {
  readonly code = 'PROXY_TUNNEL';
}

/** Goes through an HTTP proxy: by a tunnel (CONNECT) for https, by absolute URLs for http. */
export function createProxy(uri: string, options: Omit<ProxyAgent.Options, 'uri'>): Dispatcher {
  return new ProxyAgent({ ...options, uri, proxyTunnel: false, clientFactory: tunnels });
}

/**
 * undici 7 takes a proxy that hangs up on CONNECT for a connection to make again, without end or pause
 * (nodejs/undici#3897, fixed in 8, which needs Node 22); any other error ends the request.
 */
function tunnels(origin: URL, options: object): Dispatcher {
  const pool = new Pool(origin, options);
  const connect: (request: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData> = pool.connect.bind(pool);
  return Object.assign(pool, {
    connect: (request: Dispatcher.ConnectOptions) =>
      connect(request).catch((error: unknown) => {
        throw error instanceof errors.SocketError ? new TunnelError(error.message, { cause: error }) : error;
      }),
  });
}
