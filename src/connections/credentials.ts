import type { Credentials } from '../store/connections.js';
import type { Tokens } from './oauth.js';
import { headersOf, type Provider } from './provider.js';

/** What is kept of a provider's tokens. A provider that sends no new refresh token means the old one to stay. */
export function credentialsOf(provider: Provider, { accessToken, refreshToken }: Tokens, before?: Credentials): Credentials {
  const renewal = refreshToken ?? before?.refreshToken;
  return {
    secrets: provider.token_variable === undefined ? {} : { [provider.token_variable]: accessToken },
    headers: headersOf(provider, { access_token: accessToken }),
    ...(renewal === undefined ? {} : { refreshToken: renewal }),
  };
}
