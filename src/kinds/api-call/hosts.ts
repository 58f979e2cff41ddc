const PATTERN = /^(?<wildcard>\*\.)?(?<host>\[[0-9a-f:.]+\]|[^\s/@:?#[\]*\\]+)(?::(?<port>\d{1,5}))?$/i;

/**
 * Whether `pattern` can name hosts of a connection: `api.example.com`, `*.example.com` (every name below it),
 * `127.0.0.1` or `[::1]`, each with an optional `:port`.
 */
export function isHostPattern(pattern: string): boolean {
  const parts = PATTERN.exec(pattern)?.groups;
  if (parts?.host === undefined) return false;
  return parts.wildcard === undefined || /^[^.[\]]+(\.[^.]+)+$/.test(parts.host);
}

/** Whether a URL is on a host that the pattern names. Without a port the pattern names every port. */
export function hostMatches(pattern: string, url: URL): boolean {
  const parts = PATTERN.exec(pattern)?.groups;
  if (parts?.host === undefined || !isHostPattern(pattern)) return false;
  if (parts.port !== undefined && Number(parts.port) !== portOf(url)) return false;
  const host = canonical(parts.host);
  const hostname = url.hostname.toLowerCase();
  return parts.wildcard === undefined ? hostname === host : hostname.endsWith(`.${host}`);
}

/** Whether the pattern says which port, and with it how that is spoken to. */
export function namesPort(pattern: string): boolean {
  return PATTERN.exec(pattern)?.groups?.port !== undefined;
}

/** The port that a URL means, also when it does not name one. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** The host as a URL writes it: lower case, names in Punycode, addresses in their shortest form. */
function canonical(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host.toLowerCase();
}
