/* Numbers of HTTP/2 as they stand on the wire (RFC 9113). */

/** What a client sends first (§3.4). */
export const connectionPreface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** §6 */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** §6; END_STREAM and ACK share a bit, on different frames. */
export const frameFlag = { endStream: 0x01, ack: 0x01, endHeaders: 0x04, padded: 0x08, priority: 0x20 } as const;

/** §6.5.2 */
export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** §7 */
export const errorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const;

/** Bytes before a frame's payload (§4.1). */
export const frameHeadBytes = 9;
/** SETTINGS_MAX_FRAME_SIZE nobody may go below; we neither allow nor send larger frames. */
export const maxFrameBytes = 16_384;
/** A window before SETTINGS and WINDOW_UPDATE say otherwise (§6.9.2). */
export const defaultWindowBytes = 65_535;
/** Largest window and largest stream identifier. */
export const largest31Bits = 0x7fff_ffff;

/** The peer broke a rule of the connection: GOAWAY with this code, then the end (§5.4.1). Never leaves the session. */
export class ConnectionError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
