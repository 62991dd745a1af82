import type { MessageLog as MessageLogRecord } from '../../api/exchange.schema.ts';
import { FrameCounter } from '../websocket-frames.ts';
import { type MessageBudget, MessageLog } from './message-log.ts';
import { previewBytes } from './preview.ts';
import { EventSplitter, GrpcSplitter, PieceSplitter, type Splitter } from './stream-splitters.ts';
import { WebSocketMessages } from './websocket-messages.ts';
import { WindowInflater } from './window-inflater.ts';

export type CaptureKind = 'websocket' | 'sse' | 'grpc' | 'data';

export interface CaptureOptions {
  kind: CaptureKind;
  budget: MessageBudget;
  /** Milliseconds since the exchange began. */
  elapsed: () => number;
  /** The mesh's capture limit: contents are kept up to the smaller of it and 16 KiB. */
  limitBytes: number;
  /** sec-websocket-extensions of the response. */
  extensions?: string;
}

/** Hears both directions of one exchange as messages. The bytes themselves pass elsewhere, untouched. */
export class MessageCapture {
  readonly kind: CaptureKind;
  /** WebSocket frames by kind and direction; null for what is none. */
  readonly frames: { up: FrameCounter; down: FrameCounter } | null;
  readonly #log: MessageLog;
  readonly #up: Splitter;
  readonly #down: Splitter;

  constructor({ kind, budget, elapsed, limitBytes, extensions = '' }: CaptureOptions) {
    this.kind = kind;
    this.#log = new MessageLog(budget, elapsed);
    const tell = this.#log.add.bind(this.#log);
    const limit = Math.min(previewBytes, limitBytes);
    if (kind === 'websocket') {
      const inflater = (side: 'client' | 'server') =>
        extensions.includes('permessage-deflate')
          ? new WindowInflater(!extensions.includes(`${side}_no_context_takeover`), elapsed)
          : null;
      this.frames = {
        up: new FrameCounter(true, new WebSocketMessages('up', tell, limit, inflater('client'))),
        down: new FrameCounter(false, new WebSocketMessages('down', tell, limit, inflater('server'))),
      };
      this.#up = this.frames.up;
      this.#down = this.frames.down;
      return;
    }
    this.frames = null;
    const Messages = kind === 'grpc' ? GrpcSplitter : PieceSplitter;
    this.#up = new Messages('up', tell, limit);
    this.#down = kind === 'sse' ? new EventSplitter('down', tell, limit) : new Messages('down', tell, limit);
  }

  get total(): number {
    return this.#log.total;
  }

  /** Messages towards the destination and back. */
  get counts(): { up: number; down: number } {
    return { up: this.#log.up, down: this.#log.total - this.#log.up };
  }

  passed(dir: 'up' | 'down', chunk: Buffer): void {
    if (dir === 'up') this.#up.add(chunk);
    else this.#down.add(chunk);
  }

  record(): MessageLogRecord {
    return this.#log.record();
  }

  /** Nothing more passes and its record has been taken, if anyone wanted it: its memory goes back to the budget. */
  close(): void {
    this.#log.release();
  }
}
