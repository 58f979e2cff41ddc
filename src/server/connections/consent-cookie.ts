import { createHash, timingSafeEqual } from 'node:crypto';

/** The cookie of a consent: by it the way back knows the browser that went to the provider. Each consent has one of its own. */
export interface ConsentCookie {
  /** The state of the consent. */
  readonly state: string;
  /** Where the browser sends it, and nowhere else. */
  readonly url: URL;
}

/** The header that sets it for so long; 0: takes it away. */
export function setConsentCookie({ state, url }: ConsentCookie, value: string, maxAgeSecs: number): string {
  return `${nameOf(state)}=${value}; Path=${url.pathname}; Max-Age=${maxAgeSecs}; HttpOnly; SameSite=Lax${url.protocol === 'https:' ? '; Secure' : ''}`;
}

/** Whether the cookies that a browser sent have this value for the consent of the state. */
export function hasConsentCookie(header: string | undefined, state: string, value: string): boolean {
  const begin = `${nameOf(state)}=`;
  const given = (header ?? '').split(/;\s*/).find((pair) => pair.startsWith(begin))?.slice(begin.length) ?? '';
  const [a, b] = [Buffer.from(given), Buffer.from(value)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Two consents can be under way in one browser. */
function nameOf(state: string): string {
  return `distri_consent_${createHash('sha256').update(state).digest('hex').slice(0, 16)}`;
}
