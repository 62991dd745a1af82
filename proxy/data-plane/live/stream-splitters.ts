import { GrpcScanner, type GrpcSink } from '../../shared/grpc-message.ts';
import type { PassedMessage } from './message-log.ts';
import { Preview } from './preview.ts';

/** Takes one direction's bytes as they pass and tells its messages. Never holds anything up, never fails. */
export interface Splitter {
  add(chunk: Buffer): void;
}

type Tell = (message: PassedMessage) => void;
type Dir = 'up' | 'down';

const CR = 13;
const LF = 10;

/** Server-sent events: blocks between blank lines (WHATWG HTML 9.2.5), any of the three line ends. */
export class EventSplitter implements Splitter {
  readonly #dir: Dir;
  readonly #tell: Tell;
  readonly #block: Preview;
  #lineIsEmpty = true;
  #afterCr = false;
  #hasLines = false;

  constructor(dir: Dir, tell: Tell, limitBytes: number) {
    this.#dir = dir;
    this.#tell = tell;
    this.#block = new Preview(limitBytes);
  }

  add(chunk: Buffer): void {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte === LF && this.#afterCr) {
        this.#afterCr = false;
        // The block was told at its CR: the LF of the same line end belongs to nothing.
        if (!this.#hasLines) from = at + 1;
        continue;
      }
      this.#afterCr = byte === CR;
      if (byte !== LF && byte !== CR) {
        this.#lineIsEmpty = false;
        this.#hasLines = true;
        continue;
      }
      if (this.#lineIsEmpty && this.#hasLines) {
        this.#block.add(chunk.subarray(from, at + 1));
        this.#tell({ dir: this.#dir, kind: 'event', ...this.#block.take() });
        this.#hasLines = false;
        from = at + 1;
      }
      this.#lineIsEmpty = true;
    }
    if (from < chunk.length) this.#block.add(chunk.subarray(from));
  }
}

/** gRPC's messages, without the trailers of gRPC-Web. */
export class GrpcSplitter implements Splitter, GrpcSink {
  readonly #dir: Dir;
  readonly #tell: Tell;
  readonly #message: Preview;
  readonly #scanner = new GrpcScanner(this);

  constructor(dir: Dir, tell: Tell, limitBytes: number) {
    this.#dir = dir;
    this.#tell = tell;
    this.#message = new Preview(limitBytes);
  }

  add(chunk: Buffer): void {
    this.#scanner.add(chunk);
  }

  onPiece(piece: Buffer): void {
    this.#message.add(piece);
  }

  onMessage(compressed: boolean): void {
    this.#tell({ dir: this.#dir, kind: 'message', ...this.#message.take(), ...(compressed ? { compressed } : {}) });
  }
}

/** Anything else: each piece as the network gave it. */
export class PieceSplitter implements Splitter {
  readonly #dir: Dir;
  readonly #tell: Tell;
  readonly #piece: Preview;

  constructor(dir: Dir, tell: Tell, limitBytes: number) {
    this.#dir = dir;
    this.#tell = tell;
    this.#piece = new Preview(limitBytes);
  }

  add(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#piece.add(chunk);
    this.#tell({ dir: this.#dir, kind: 'data', ...this.#piece.take() });
  }
}
