import type { ExchangeState } from '../../exchange.ts';
import type { ExtAuthzProvider } from '../../snapshot.ts';

/** What to do with a header; `join` appends to the first value that is there and does nothing without one. */
export type HeaderAction = 'add' | 'add-if-absent' | 'overwrite' | 'overwrite-if-exists' | 'join';
export interface HeaderChange {
  name: string;
  value: string;
  action: HeaderAction;
}

/** What an authorizer said, whatever it speaks. `said` is in plain words, for the exchange. */
export type Verdict =
  | {
      kind: 'allowed';
      said: string;
      request: HeaderChange[];
      removeFromRequest: string[];
      response: HeaderChange[];
      setQuery: [string, string][];
      removeQuery: string[];
    }
  | { kind: 'denied'; said: string; status: number; body: string; headers: HeaderChange[] }
  /** It could not be asked, or answered that it failed; status 0: the provider's statusOnError. */
  | { kind: 'error'; said: string; status: number; body: string; headers: HeaderChange[] };

/** The part of the request's body that goes with the question. */
export interface CheckBody {
  bytes: Buffer;
  /** More of it may follow. */
  partial: boolean;
}

/** Asks one authorizer about one request. `body` is null when none was read for it. */
export type AskAuthorizer = (exchange: ExchangeState, to: ExtAuthzProvider, body: CheckBody | null) => Promise<Verdict>;

export const partialBodyHeader = 'x-envoy-auth-partial-body';

export function unreachable(why: string): Verdict {
  return { kind: 'error', said: why, status: 0, body: '', headers: [] };
}
