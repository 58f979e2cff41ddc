import { OAuthClient } from '../connections/oauth.js';
import { loadProviders } from '../connections/providers.js';
import type { Environment } from './env.js';

/** What asks for and renews accounts, with the providers of the package and those of a folder. */
export async function openOAuth({ variables, providersFolder }: Environment): Promise<OAuthClient> {
  return new OAuthClient(await loadProviders(variables, providersFolder));
}
