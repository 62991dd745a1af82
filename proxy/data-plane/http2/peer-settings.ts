import { ConnectionError, defaultWindowBytes, errorCode, largest31Bits, maxFrameBytes, setting } from './protocol.ts';

/** Entries of one SETTINGS frame, as nghttp2 limits them. */
const maxEntries = 32;

/** What the peer's SETTINGS have said so far (RFC 9113 §6.5.2), of what we go by. We send no frame above 16 KiB, whatever it allows. */
export interface PeerSettings {
  headerTableSize: number;
  /** Infinity until it is limited. */
  maxConcurrentStreams: number;
  initialWindowSize: number;
}

export function initialPeerSettings(): PeerSettings {
  return { headerTableSize: 4096, maxConcurrentStreams: Number.POSITIVE_INFINITY, initialWindowSize: defaultWindowBytes };
}

/** The settings after this frame. `fromServer`: a server may not allow push. Throws ConnectionError for values out of range. */
export function readSettings(payload: Buffer, before: PeerSettings, fromServer: boolean): PeerSettings {
  if (payload.length % 6 !== 0) throw new ConnectionError(errorCode.frameSizeError, 'SETTINGS of odd length');
  if (payload.length > maxEntries * 6) throw new ConnectionError(errorCode.enhanceYourCalm, 'too many settings');
  const settings = { ...before };
  for (let at = 0; at < payload.length; at += 6) {
    const name = payload.readUInt16BE(at);
    const value = payload.readUInt32BE(at + 2);
    if (name === setting.headerTableSize) settings.headerTableSize = value;
    else if (name === setting.maxConcurrentStreams) settings.maxConcurrentStreams = value;
    else if (name === setting.initialWindowSize) {
      if (value > largest31Bits) throw new ConnectionError(errorCode.flowControlError, 'an initial window too large');
      settings.initialWindowSize = value;
    } else if (name === setting.enablePush) {
      if (value > (fromServer ? 0 : 1)) throw new ConnectionError(errorCode.protocolError, 'ENABLE_PUSH out of range');
    } else if (name === setting.maxFrameSize && (value < maxFrameBytes || value > 0xff_ffff)) {
      throw new ConnectionError(errorCode.protocolError, 'MAX_FRAME_SIZE out of range');
    }
  }
  return settings;
}
