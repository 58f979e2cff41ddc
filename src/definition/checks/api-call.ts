import { isHeaderName, isHeaderValue } from '../../kinds/api-call/headers.js';
import { isObject, own } from '../json.js';
import { referencesIn } from '../references.js';
import { textOf, type CheckContext, type RawKind } from './document.js';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];
const SCHEME = /^\s*([a-z][a-z0-9+.-]*):/i;
const CREDENTIAL_HEADER = /^(proxy-)?authorization$|^cookie$|api[-_]?key|(^|[-_])(auth|token|secret|password)([-_]|$)/i;

/** Method, URL and headers, as far as they are literal. */
export function checkApiCall({ raw, path }: RawKind, context: CheckContext): void {
  const { findings, suggestions } = context;
  const method = textOf(own(raw, 'method'));
  if (method !== undefined && isLiteral(method) && !METHODS.includes(method.toUpperCase())) {
    const hint = suggestions.hint(method, METHODS) ?? `The methods are ${METHODS.join(', ')}.`;
    findings.error('UNKNOWN_METHOD', [...path, 'method'], `Unknown HTTP method '${method}'`, { hint });
  }
  const url = textOf(own(raw, 'url'));
  if (url !== undefined) checkUrl(url, [...path, 'url'], context);
  const headers = own(raw, 'headers');
  if (!isObject(headers)) return;
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value, [...path, 'headers', name], context);
}

function isLiteral(text: string): boolean {
  return referencesIn(text).length === 0;
}

function checkUrl(url: string, path: (string | number)[], { findings }: CheckContext): void {
  const scheme = SCHEME.exec(url)?.[1];
  if (scheme !== undefined && !/^https?$/i.test(scheme)) {
    findings.error('BAD_URL', path, `URL scheme '${scheme}' is not supported: only http and https are`);
    return;
  }
  if (!isLiteral(url)) {
    warnUnencoded(url, path, findings);
    if (/^\s*[^{:]*[/?#]/.test(url))
      findings.error('BAD_URL', path, `The URL '${url}' does not begin with http:// or https://`);
    return;
  }
  if (!URL.canParse(url)) {
    const message =
      scheme === undefined ? `The URL '${url}' does not begin with http:// or https://` : `'${url}' is not a URL`;
    findings.error('BAD_URL', path, message);
  } else if (new URL(url).password !== '') {
    findings.warn('LITERAL_CREDENTIAL', path, 'A password is written in the URL', { hint: CREDENTIAL_HINT });
  }
}

/** A value in a query changes the request as soon as it holds `&`, `#` or `+`; alone behind the `?` it may be a whole query. */
function warnUnencoded(url: string, path: (string | number)[], findings: CheckContext['findings']): void {
  const [, query] = /\?([^?].*)$/s.exec(url) ?? [];
  if (query === undefined || isLiteral(query)) return;
  const names = referencesIn(query).map((reference) => `{${reference}}`).join(', ');
  findings.warn('UNENCODED_URL', path, `${names} is put into the query of the URL as it is`, {
    hint: 'Give it in query, whose values are always encoded: a value with &, # or + would otherwise change the request.',
  });
}

const CREDENTIAL_HINT = 'Keep credentials in a connection and let the step require it.';

function checkHeader(name: string, value: unknown, path: (string | number)[], { findings }: CheckContext): void {
  if (!isHeaderName(name)) {
    const message = `${JSON.stringify(name)} is not the name of a header`;
    findings.error('BAD_HEADER', path, message, { at: 'key' });
  }
  if (typeof value !== 'string') return;
  const isAlone = isLiteral(value);
  if (/[\r\n\0]/.test(value)) {
    findings.error('BAD_HEADER', path, `The value of header '${name}' holds a line break or a zero character`);
  } else if (isAlone && !isHeaderValue(value)) {
    findings.error('BAD_HEADER', path, `The value of header '${name}' holds characters that headers cannot carry`, {
      hint: 'Headers carry Latin-1; encode other text, e.g. as percent escapes.',
    });
  } else if (isAlone && value.trim() !== '' && CREDENTIAL_HEADER.test(name)) {
    findings.warn('LITERAL_CREDENTIAL', path, `Header '${name}' holds a credential as plain text`, {
      hint: CREDENTIAL_HINT,
    });
  }
}
