import type { Duplex } from 'node:stream';
import type { HeaderMap } from '../header-map.ts';
import type { Http1Error } from '../http1/http1-error.ts';
import type { Http1Limits } from '../http1/limits.ts';
import type { ConnectionInfo, DownstreamRequest } from '../stream.ts';
import type { PeerProbe } from './peer-state.ts';
import type { Sweeper } from './sweeper.ts';

/** A CONNECT request: exactly one of accept and refuse answers it. */
export interface ConnectRequest {
  readonly connection: ConnectionInfo;
  /** `host:port` */
  readonly authority: string;
  readonly headers: HeaderMap;
  /** Sends 200 and hands over the byte stream, paused; bytes that followed the request come first. */
  accept(): Duplex;
  /** Answers with a status and text body, then closes. */
  refuse(status: number, body: string): void;
}

export interface Http1DownstreamOptions {
  info: ConnectionInfo;
  /** Scheme of origin-form requests: https behind any TLS. */
  scheme: 'http' | 'https';
  sweeper: Sweeper;
  limits?: Http1Limits;
  /** `server` header of the codec's own answers. */
  serverName?: string;
  /** Their `date`; without it they have none. */
  httpDate?: () => string;
  onRequest(request: DownstreamRequest): void;
  /** Null: CONNECT is answered 405. */
  onConnect: ((request: ConnectRequest) => void) | null;
  /** A request was refused by the codec; Envoy's flag for it is DPE. `error.kind` is stable and meant for counting. */
  onProtocolError(error: Http1Error, info: ConnectionInfo): void;
  /** The socket is gone, also after an upgrade handed it over. */
  onClose(): void;
  /** Decides what a FIN during a response means, and whether a client whose bytes are held back is still there. */
  probePeer?: PeerProbe;
  /** Asks about clients held back; ticks several times a second, so that two sidecars in a row notice within one. */
  heldSweeper?: Sweeper;
}
