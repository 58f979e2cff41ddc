/** Whether a host, as a URL or a listening address has it, is this very machine. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Whether a Host header is a name or an address of this machine. A page that rebinds its name sends that name. */
export function isLoopbackHeader(host: string | undefined): boolean {
  return host !== undefined && !/[@/?#\\]/.test(host) && URL.canParse(`http://${host}`) && isLoopbackHost(new URL(`http://${host}`).hostname);
}

type Headers = { readonly [name: string]: string | string[] | undefined; readonly origin?: string | undefined };

/** Whether a browser sends a request for a page of another site. Programs send none of these headers. `isOwn`: of an origin. */
export function isFromElsewhere({ origin, 'sec-fetch-site': site }: Headers, isOwn: (origin: string) => boolean): boolean {
  return origin === undefined ? site === 'cross-site' || site === 'same-site' : !isOwn(origin);
}

/** Whether secrets may be sent to a URL: https, or http to this machine. */
export function isSafeEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
}
