/** How documents may name a status of HTTP: `404`, `"404"` or `"4xx"`. */
export function statusNames(status: number): (number | string)[] {
  return [status, String(status), `${Math.trunc(status / 100)}xx`];
}
