import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import { z } from 'zod';
import { DistriError } from '../../definition/errors.js';
import { isObject, own, type JsonValue } from '../../definition/json.js';
import { isSafeEndpoint } from '../../definition/loopback.js';
import { isUserId, isScope, identity, USER_SCOPES, type Identity, type Scope } from '../identity.js';

/** How bearer tokens of an OpenID Connect provider are read. */
export interface OidcSettings {
  readonly issuer: string;
  readonly audience: string;
  /** The claim that names the user. Default `sub`. */
  readonly userClaim?: string;
  /** Who is an admin: the claim, or a path to it with dots, is this value or a list that holds it. */
  readonly admin?: { readonly claim: string; readonly value: string };
  /** What users may do whose token names none of our scopes. Default: everything with what is theirs. */
  readonly defaultScopes?: readonly Scope[];
}

/** A shared secret would make everybody who checks tokens able to make them. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const JWT_SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const CLOCK_TOLERANCE_SECS = 10;
const TIMEOUT_MS = 5_000;
/** How long what the issuer told of itself counts, and how long nobody asks again after it did not answer. */
const DISCOVERY_TTL_MS = 60 * 60 * 1000;
const DISCOVERY_PAUSE_MS = 2_000;
/** Our own claim: what its issuer puts there is meant for us. */
const OWN_CLAIM = 'distri_scopes';
const STANDARD_CLAIMS = ['scope', 'scp'];

const metadataSchema = z.object({ issuer: z.string(), jwks_uri: z.string().refine(isSafeEndpoint, 'expected an https URL') });

type Keys = ReturnType<typeof createRemoteJWKSet>;

/** Who sends a bearer token of the configured issuer. Its keys are fetched once, and again for a key that is not known. */
export class OidcAuthenticator {
  #keys: { until: number; keys: Promise<Keys> } | undefined;

  constructor(private readonly settings: OidcSettings) {}

  /** Undefined for a token that is not good here. Throws `PROVIDER_FAILED` when the issuer's keys cannot be had. */
  async identify(token: string): Promise<Identity | undefined> {
    if (!JWT_SHAPE.test(token)) return undefined;
    const { issuer, audience } = this.settings;
    const keys = await this.#discovered();
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_SECS,
        requiredClaims: ['exp'],
      });
      return this.#identityOf(payload);
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw unreachable(issuer, error);
    }
  }

  #identityOf(payload: JWTPayload): Identity | undefined {
    const claims = payload as { [claim: string]: JsonValue };
    const { userClaim = 'sub', admin, defaultScopes = USER_SCOPES } = this.settings;
    const user = claimAt(claims, userClaim);
    if (typeof user !== 'string' || !isUserId(user)) return undefined;
    if (admin !== undefined && holds(claimAt(claims, admin.claim), admin.value)) return identity(user, ['admin']);
    return identity(user, scopesOf(claims) ?? defaultScopes);
  }

  #discovered(): Promise<Keys> {
    const { issuer } = this.settings;
    if (this.#keys !== undefined && this.#keys.until > Date.now()) return this.#keys.keys;
    const found = { until: Date.now() + DISCOVERY_TTL_MS, keys: discover(issuer) };
    this.#keys = found;
    found.keys.catch(() => (found.until = Date.now() + DISCOVERY_PAUSE_MS));
    return found.keys;
  }
}

async function discover(issuer: string): Promise<Keys> {
  try {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    const metadata = metadataSchema.parse(await response.json());
    if (metadata.issuer !== issuer) throw new Error(`it calls itself ${metadata.issuer}`);
    return createRemoteJWKSet(new URL(metadata.jwks_uri), { timeoutDuration: TIMEOUT_MS });
  } catch (error) {
    throw unreachable(issuer, error);
  }
}

/** Whether an error says that the token is not good, rather than that it could not be checked. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false;
  // The first two say that the keys could not be had.
  return !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error.code === 'ERR_JOSE_GENERIC');
}

function unreachable(issuer: string, error: unknown): DistriError {
  return new DistriError('PROVIDER_FAILED', `The identity provider ${issuer} cannot be asked for its keys`, { cause: error });
}

/**
 * Scopes of ours that a token names; undefined when it says nothing of them. Our own claim counts whatever is in it: a token whose claim
 * names none may do nothing. Scopes about the whole server are not left to claims that other services read as well.
 */
function scopesOf(claims: { [claim: string]: JsonValue }): Scope[] | undefined {
  const given = own(claims, OWN_CLAIM);
  if (given !== undefined) return namesIn(given).filter(isScope);
  const standard = STANDARD_CLAIMS.flatMap((claim) => namesIn(own(claims, claim))).filter(isScope).filter((scope) => USER_SCOPES.includes(scope));
  return standard.length > 0 ? standard : undefined;
}

function namesIn(value: JsonValue | undefined): string[] {
  if (typeof value === 'string') return value.split(' ');
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}

/** A claim by its name, or by the path to it. */
function claimAt(claims: { [claim: string]: JsonValue }, name: string): JsonValue | undefined {
  const direct = own(claims, name);
  if (direct !== undefined) return direct;
  let value: JsonValue | undefined = claims;
  for (const part of name.split('.')) value = isObject(value) ? own(value, part) : undefined;
  return value;
}

function holds(claim: JsonValue | undefined, value: string): boolean {
  if (Array.isArray(claim)) return claim.includes(value);
  return claim !== undefined && typeof claim !== 'object' && String(claim) === value;
}
