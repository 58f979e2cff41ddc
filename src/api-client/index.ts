import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema.js';

export type { components, paths };

/** The HTTP API, typed by its OpenAPI description: `client.GET('/v1/runs/{id}', { params: { path: { id } } })`. */
export type ApiClient = Client<paths>;

export interface ApiClientOptions {
  /** Address of the server, e.g. `https://workflows.example.com`. */
  baseUrl: string;
  /** An API token or a bearer token of the identity provider. Default: none, for a server without login. */
  token?: string;
  /** Default: the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

/** A client of the HTTP API. Each call resolves to `{ data }`, or to `{ error }` with the problem that the server answered. */
export function createApiClient({ baseUrl, token, fetch }: ApiClientOptions): ApiClient {
  return createClient<paths>({
    baseUrl,
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    ...(fetch !== undefined && { fetch }),
  });
}
