import { TOKEN_PREFIX, type TokenStore } from '../../store/tokens.js';
import { authenticateLocal, type Authenticate } from '../identity.js';
import { OidcAuthenticator, type OidcSettings } from './oidc.js';
import { TokenAuthenticator } from './tokens.js';

/** Who may use a server: everybody who reaches it, as the one local user; or who sends an API token or one of the identity provider. */
export type Authentication = { readonly mode: 'local' } | { readonly mode: 'tokens'; readonly oidc?: OidcSettings | undefined };

export function createAuthenticate(authentication: Authentication, tokens: Pick<TokenStore, 'find' | 'noteUse'>): Authenticate {
  if (authentication.mode === 'local') return authenticateLocal;
  const api = new TokenAuthenticator(tokens);
  const oidc = authentication.oidc === undefined ? undefined : new OidcAuthenticator(authentication.oidc);
  return async ({ authorization }, mayAsk) => {
    const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    return token.startsWith(TOKEN_PREFIX) ? api.identify(token, mayAsk) : oidc?.identify(token);
  };
}
