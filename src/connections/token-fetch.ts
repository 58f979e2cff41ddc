import type { CustomFetch } from 'openid-client';
import type { Provider } from './provider.js';

/**
 * How a provider is spoken to where it leaves the standard: requests to its token endpoint as JSON, errors answered as 200
 * with `ok: false`, and names of its own for bearer tokens.
 */
export function tokenFetch({ token_request }: Provider): CustomFetch {
  return async (url, { method, headers, body, signal, redirect }) => {
    const json = token_request === 'json' && body instanceof URLSearchParams;
    const response = await fetch(url, {
      method,
      headers: json ? { ...headers, 'content-type': 'application/json' } : headers,
      redirect,
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined || body === null ? {} : { body: json ? JSON.stringify(Object.fromEntries(body)) : body }),
    });
    return method === 'POST' ? standard(response) : response;
  };
}

async function standard(response: Response): Promise<Response> {
  const text = await response.text();
  const answer = (value: string, status: number): Response => new Response(value === '' ? null : value, { status, headers: response.headers });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return answer(text, response.status);
  }
  if (typeof parsed !== 'object' || parsed === null) return answer(text, response.status);
  // GitHub answers errors with 200, too.
  const error = 'error' in parsed && typeof parsed.error === 'string' && !('access_token' in parsed);
  if (response.ok && error) return answer(text, 400);
  const foreign = 'token_type' in parsed && !/^(bearer|dpop)$/i.test(String(parsed.token_type));
  const nameless = 'access_token' in parsed && !('token_type' in parsed);
  return foreign || nameless ? answer(JSON.stringify({ ...parsed, token_type: 'bearer' }), response.status) : answer(text, response.status);
}
