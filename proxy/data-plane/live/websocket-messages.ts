import type { FrameSink } from '../websocket-frames.ts';
import type { PassedMessage } from './message-log.ts';
import { Preview } from './preview.ts';
import type { WindowInflater } from './window-inflater.ts';

const kinds: Record<number, PassedMessage['kind']> = { 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };
/** Deflated, so that what is longer can still be shown by its beginning. */
const maxDeflatedBytes = 64 * 1024;

/** Puts one direction's frames together to messages; control frames may stand between the frames of one. */
export class WebSocketMessages implements FrameSink {
  readonly #dir: 'up' | 'down';
  readonly #tell: (message: PassedMessage) => void;
  readonly #limit: number;
  readonly #inflater: WindowInflater | null;
  readonly #data: Preview;
  readonly #deflated = new Preview(maxDeflatedBytes);
  readonly #control = new Preview(125);
  #frame = { opcode: 0, fin: true };
  #message = { opcode: 0, compressed: false };

  /** `inflater`: null when permessage-deflate was not agreed on. */
  constructor(dir: 'up' | 'down', tell: (message: PassedMessage) => void, limitBytes: number, inflater: WindowInflater | null) {
    this.#dir = dir;
    this.#tell = tell;
    this.#limit = limitBytes;
    this.#inflater = inflater;
    this.#data = new Preview(limitBytes);
  }

  begin(frame: { opcode: number; fin: boolean; compressed: boolean }): void {
    this.#frame = frame;
    if (frame.opcode === 1 || frame.opcode === 2) this.#message = frame;
  }

  data(piece: Buffer, unmask: { key: Buffer; position: number } | undefined): void {
    const into = this.#frame.opcode >= 8 ? this.#control : this.#message.compressed ? this.#deflated : this.#data;
    into.add(piece, unmask);
  }

  end(): void {
    const { opcode, fin } = this.#frame;
    if (opcode >= 8) this.#tellControl(opcode);
    else if (fin) this.#tellMessage();
  }

  #tellControl(opcode: number): void {
    const { data, bytes, truncated } = this.#control.take();
    const kind = kinds[opcode] ?? 'binary';
    if (kind !== 'close') {
      this.#tell({ dir: this.#dir, kind, bytes, data, truncated });
      return;
    }
    const closeCode = data.length >= 2 ? data.readUInt16BE(0) : 1005;
    this.#tell({ dir: this.#dir, kind, bytes, data: data.subarray(2), truncated, closeCode });
  }

  #tellMessage(): void {
    const { opcode, compressed } = this.#message;
    const kind = kinds[opcode] ?? 'binary';
    if (!compressed) {
      this.#tell({ dir: this.#dir, kind, ...this.#data.take() });
      return;
    }
    const { data, bytes, truncated } = this.#deflated.take();
    const whole = this.#inflater?.inflate(truncated ? null : data) ?? 'deflated, though that was not agreed on';
    if (typeof whole === 'string') {
      this.#tell({ dir: this.#dir, kind, bytes, data: Buffer.alloc(0), truncated: bytes > 0, compressed, note: whole });
      return;
    }
    const shown = whole.length > this.#limit ? Buffer.from(whole.subarray(0, this.#limit)) : whole;
    this.#tell({ dir: this.#dir, kind, bytes, data: shown, truncated: whole.length > this.#limit, compressed });
  }
}
