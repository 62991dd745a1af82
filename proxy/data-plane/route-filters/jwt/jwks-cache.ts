import type { Clock } from '../../clock.ts';
import type { HttpFetch } from '../http-fetch.ts';
import { readKeySet, type VerificationKey } from './verify-signature.ts';

/** Istio's PILOT_JWT_PUB_KEY_REFRESH_INTERVAL, and its wait before it asks a failing issuer again. */
const freshForMs = 20 * 60_000;
const retryAfterMs = 10_000;
const fetchTimeoutMs = 5_000;

interface Entry {
  keys: VerificationKey[];
  /** Monotonic ms. */
  staleAt: number;
  pending: Promise<VerificationKey[]> | null;
}

/**
 * Key sets by jwksUri, or by issuer when a rule names none (OpenID discovery). One fetch at a time per source; keys stay in use while a
 * refresh runs or fails. A source that never answered gives no keys: tokens then fail with Istio's text for that, "Jwks doesn't have key …".
 */
export class JwksCache {
  readonly #entries = new Map<string, Entry>();
  readonly #fetch: HttpFetch;
  readonly #clock: Clock;

  constructor(deps: { fetch: HttpFetch; clock: Clock }) {
    this.#fetch = deps.fetch;
    this.#clock = deps.clock;
  }

  /** Keys at once when they are known, else a promise of them. */
  keysOf(source: { jwksUri: string; issuer: string }): VerificationKey[] | Promise<VerificationKey[]> {
    const id = source.jwksUri === '' ? `issuer ${source.issuer}` : source.jwksUri;
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      const first: Entry = { keys: [], staleAt: 0, pending: null };
      this.#entries.set(id, first);
      return this.#refresh(first, source);
    }
    if (entry.pending !== null) return entry.keys.length > 0 ? entry.keys : entry.pending;
    if (this.#clock.now() < entry.staleAt) return entry.keys;
    const refreshed = this.#refresh(entry, source);
    return entry.keys.length > 0 ? entry.keys : refreshed;
  }

  #refresh(entry: Entry, source: { jwksUri: string; issuer: string }): Promise<VerificationKey[]> {
    entry.pending = this.#load(source).then((keys) => {
      if (keys !== null) entry.keys = keys;
      entry.staleAt = this.#clock.now() + (keys === null ? retryAfterMs : freshForMs);
      entry.pending = null;
      return entry.keys;
    });
    return entry.pending;
  }

  /** Null when the source cannot be read: a network failure is an expected value here. */
  async #load(source: { jwksUri: string; issuer: string }): Promise<VerificationKey[] | null> {
    const uri = source.jwksUri === '' ? await this.#discover(source.issuer) : source.jwksUri;
    const body = uri === null ? null : await this.#get(uri);
    return body === null ? null : readKeySet(body);
  }

  async #discover(issuer: string): Promise<string | null> {
    if (!/^https?:\/\//.test(issuer)) return null;
    const body = await this.#get(`${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`);
    const uri = body === null ? null : /"jwks_uri"\s*:\s*"([^"]+)"/.exec(body)?.[1];
    return uri === undefined || uri === null ? null : uri.replaceAll('\\/', '/');
  }

  async #get(url: string): Promise<string | null> {
    try {
      const response = await this.#fetch({ url, method: 'GET', headers: [], timeoutMs: fetchTimeoutMs });
      return response.status === 200 ? response.body : null;
    } catch (error) {
      if (error instanceof Error) return null;
      throw error;
    }
  }
}
