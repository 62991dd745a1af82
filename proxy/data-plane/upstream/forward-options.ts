import type { Duplex } from 'node:stream';
import type { Clock, Random } from '../clock.ts';
import type { ExchangeState } from '../exchange.ts';
import type { HeaderMap } from '../header-map.ts';
import type { RetryPolicy } from '../snapshot.ts';
import type { MirrorBody } from './pending-mirrors.ts';

/** Joins two open byte streams until both are closed; onClosed fires once, onBytes for each chunk (forward: towards the upstream). */
export type JoinTunnel = (
  downstream: Duplex,
  upstream: Duplex,
  onClosed: () => void,
  onBytes: (direction: 'forward' | 'backward', chunk: Buffer) => void,
) => void;

/** What the route says about forwarding. */
export interface ForwardOptions {
  /** null = none. */
  timeoutMs: number | null;
  retry: RetryPolicy | null;
  /** Clusters that get a copy; the dice are cast already. */
  mirrors: string[];
}

export interface ForwardDeps {
  clock: Clock;
  random: Random;
  joinTunnel: JoinTunnel;
  mirror: (exchange: ExchangeState, cluster: string, headers: HeaderMap, body: MirrorBody, timeoutMs: number) => void;
}
