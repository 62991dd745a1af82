import { ConnectionError, errorCode } from './protocol.ts';

/*
 * Envoy's Http2ProtocolOptions, at their defaults, where it has the limit; the others are nghttp2's.
 * https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/core/v3/protocol.proto#config-core-v3-http2protocoloptions
 */

/** max_outbound_control_frames: answers the peer asked for and does not read. */
const outboundControlFrames = 1_000;
/** max_consecutive_inbound_frames_with_empty_payload. */
const consecutiveEmptyFrames = 1;
/** max_inbound_priority_frames_per_stream; the same for frames of unknown type. */
const priorityFramesPerStream = 100;
/** max_inbound_window_update_frames_per_data_frame_sent. */
const windowUpdatesPerDataFrame = 10;
/** Frames that want an answer: as many at once, and each second (nghttp2's glitch rate). */
const answers = { atOnce: 10_000, perSecond: 330 };
/**
 * Streams that the client resets, or that are refused (nghttp2's stream reset rate; CVE-2023-44487). One that ends well makes up for one: as
 * for Envoy's premature resets, who resets less than half is a caller with deadlines, however many callers share the connection.
 */
const resets = { atOnce: 1_000, perSecond: 33 };
/** Streams we had to reset because of what the peer sent on them (CVE-2025-8671). */
const streamErrors = { atOnce: 100, perSecond: 1 };

/** So many at once, and so many more each second. */
class Allowance {
  readonly #limit: { atOnce: number; perSecond: number };
  readonly #now: () => number;
  #left: number;
  #countedAt: number;

  constructor(limit: { atOnce: number; perSecond: number }, now: () => number) {
    this.#limit = limit;
    this.#now = now;
    this.#left = limit.atOnce;
    this.#countedAt = now();
  }

  giveBack(): void {
    if (this.#left < this.#limit.atOnce) this.#left++;
  }

  /** False: it is used up. */
  take(): boolean {
    if (--this.#left >= 0) return true;
    const now = this.#now();
    const gained = Math.floor(((now - this.#countedAt) / 1000) * this.#limit.perSecond);
    this.#countedAt = now;
    this.#left = Math.min(this.#limit.atOnce, gained) - 1;
    return this.#left >= 0;
  }
}

/** Counts what a peer sends that costs us more than it costs the peer. Too much of anything ends the connection: ENHANCE_YOUR_CALM, thrown. */
export class FloodLimits {
  readonly #answers: Allowance;
  readonly #resets: Allowance;
  readonly #streamErrors: Allowance;
  #openedStreams = 0;
  #dataFramesSent = 0;
  #emptyFrames = 0;
  #priorityFrames = 0;
  #unknownFrames = 0;
  #windowUpdates = 0;

  /** `now`: milliseconds. */
  constructor(now: () => number) {
    this.#answers = new Allowance(answers, now);
    this.#resets = new Allowance(resets, now);
    this.#streamErrors = new Allowance(streamErrors, now);
  }

  noteOpenedStream(): void {
    this.#openedStreams++;
  }

  /** Both sides said all they had to say. */
  noteEndedStream(): void {
    this.#resets.giveBack();
  }

  noteDataSent(): void {
    this.#dataFramesSent++;
  }

  /** DATA, HEADERS, CONTINUATION. */
  onPayload(bytes: number, endStream: boolean): void {
    if (bytes > 0 || endStream) this.#emptyFrames = 0;
    else if (++this.#emptyFrames > consecutiveEmptyFrames) flood('empty frames');
  }

  onPriority(): void {
    if (++this.#priorityFrames > priorityFramesPerStream * (1 + this.#openedStreams)) flood('PRIORITY');
  }

  onUnknownFrame(): void {
    if (++this.#unknownFrames > priorityFramesPerStream * (1 + this.#openedStreams)) flood('frames of unknown type');
  }

  onWindowUpdate(): void {
    const allowed = 5 + 2 * (this.#openedStreams + windowUpdatesPerDataFrame * this.#dataFramesSent);
    if (++this.#windowUpdates > allowed) flood('WINDOW_UPDATE');
  }

  /** PING and SETTINGS; `queued`: answers that wait for the peer to read. */
  onQuestion(queued: number): void {
    if (queued > outboundControlFrames || !this.#answers.take()) flood('PING or SETTINGS');
  }

  /** RST_STREAM of the client, or a stream above the limit. */
  onReset(): void {
    if (!this.#resets.take()) flood('streams begun and reset');
  }

  onStreamError(queued: number): void {
    if (queued > outboundControlFrames || !this.#streamErrors.take()) flood('streams in error');
  }
}

function flood(of: string): never {
  throw new ConnectionError(errorCode.enhanceYourCalm, `too many: ${of}`);
}
