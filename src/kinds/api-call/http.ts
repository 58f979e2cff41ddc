import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { Agent, type Dispatcher } from 'undici';
import { refusal, type PrivateAddresses } from './addresses.js';
import { createProxy } from './proxy.js';

export interface HttpOptions {
  privateAddresses: PrivateAddresses;
  /** URL of an HTTP proxy that all calls go through. Names are then resolved by the proxy, which must judge them. */
  proxy?: string | undefined;
  /** Milliseconds to wait for the headers of an answer, and between two pieces of its body. Default 300,000. */
  idleTimeoutMs?: number | undefined;
}

/** The connections of API calls. */
export interface Http {
  /** For calls that may be repeated: connections are kept alive and used again. */
  readonly kept: Dispatcher;
  /** For calls that may not: a kept connection that dies just then would leave open whether the call was made. */
  readonly fresh: Dispatcher;
  /** `host:port` of the proxy that all calls go through. */
  readonly proxy: string | undefined;
  /** Throws {@link RefusedAddressError} when the URL's host is an IP address that may not be called. */
  check(url: URL): void;
  /** Ends all connections at once; a call under way fails. */
  close(): Promise<void>;
}

/** A host is, or resolves to, an address that API calls may not reach. Nothing was sent. */
export class RefusedAddressError extends Error {
  constructor(
    readonly address: string,
    readonly why: string,
  ) {
    super(`${address} is ${why}`);
    this.name = 'RefusedAddressError';
  }
}

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

export function createHttp({ privateAddresses, proxy, idleTimeoutMs = 300_000 }: HttpOptions): Http {
  const timeouts = { headersTimeout: idleTimeoutMs, bodyTimeout: idleTimeoutMs };
  const connect = { lookup: guardedLookup(privateAddresses) };
  const dispatcher = (pipelining: number): Dispatcher =>
    proxy === undefined
      ? new Agent({ ...timeouts, connect, pipelining })
      : createProxy(proxy, { ...timeouts, pipelining });
  const kept = dispatcher(1);
  const fresh = dispatcher(0);
  return {
    kept,
    fresh,
    proxy: proxy === undefined ? undefined : new URL(proxy).host,
    check(url) {
      const address = url.hostname.replace(/^\[|\]$/g, '');
      const why = isIP(address) === 0 ? undefined : refusal(address, privateAddresses);
      if (why !== undefined) throw new RefusedAddressError(address, why);
    },
    async close() {
      await Promise.all([kept.destroy(), fresh.destroy()]);
    },
  };
}

/** Resolves as Node does, but hands on only addresses that may be called: what is connected to has been judged. */
function guardedLookup(privateAddresses: PrivateAddresses) {
  return (hostname: string, options: LookupOptions, callback: LookupCallback): void => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const [first, ...others] = addresses.filter(({ address }) => refusal(address, privateAddresses) === undefined);
      if (first === undefined) return callback(refused(addresses, privateAddresses), []);
      if (options.all === true) callback(null, [first, ...others]);
      else callback(null, first.address, first.family);
    });
  };
}

function refused(addresses: LookupAddress[], privateAddresses: PrivateAddresses): Error {
  const address = addresses[0]?.address;
  if (address === undefined) return Object.assign(new Error('The name has no address'), { code: 'ENOTFOUND' });
  return new RefusedAddressError(address, refusal(address, privateAddresses) ?? 'refused');
}
