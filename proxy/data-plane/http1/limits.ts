/** Every limit of the HTTP/1.1 codec, both directions, in one object so that tests and listeners can tighten it. */
export interface Http1Limits {
  /** Request line and headers together; beyond it 431. */
  requestHeadBytes: number;
  requestHeaderCount: number;
  /** Request target; beyond it 414. */
  targetBytes: number;
  /** Status line and headers together; beyond it the upstream has misbehaved. Envoy's default for heads. */
  responseHeadBytes: number;
  responseHeaderCount: number;
  /** One chunk-size line with its extensions. */
  chunkLineBytes: number;
  trailerBytes: number;
  trailerCount: number;
  /** Interim responses relayed per request. */
  informationalCount: number;
  /** Bytes read ahead of a consumer that has paused, and of pipelined requests not yet started. */
  readAheadBytes: number;
  /** Request body discarded after an early response, to keep the connection. */
  drainBytes: number;
  /** A request head must be complete this long after its first byte. */
  headersTimeoutMs: number;
  /** Silence inside a request body we are ready to read. */
  bodyIdleTimeoutMs: number;
  /** Silence between requests. Envoy's default. */
  idleTimeoutMs: number;
  /** How long a closing connection is read and discarded, so that the client sees our answer and not a reset. */
  lingerMs: number;
}

export const defaultHttp1Limits: Http1Limits = {
  requestHeadBytes: 16 * 1024,
  requestHeaderCount: 200,
  targetBytes: 8 * 1024,
  responseHeadBytes: 60 * 1024,
  responseHeaderCount: 200,
  chunkLineBytes: 4 * 1024,
  trailerBytes: 8 * 1024,
  trailerCount: 64,
  informationalCount: 20,
  readAheadBytes: 64 * 1024,
  drainBytes: 64 * 1024,
  headersTimeoutMs: 10_000,
  bodyIdleTimeoutMs: 60_000,
  idleTimeoutMs: 3_600_000,
  lingerMs: 1_000,
};
