import type { HeaderMap } from '../header-map.ts';
import type { Framing } from './fields.ts';
import { type Http1Error, isHttp1Error } from './http1-error.ts';
import type { Http1Limits } from './limits.ts';
import { parseTrailers } from './trailers.ts';

/** Takes a slice of the body (no copy); false stops decoding after it. */
export interface BodySink {
  onBody(chunk: Buffer): boolean;
}

/** Turns wire bytes into body bytes. Stops at the end of the body, at an error, or when the sink says so. */
export interface BodyDecoder {
  readonly done: boolean;
  readonly error: Http1Error | null;
  /** Set when done; null when there were none. */
  readonly trailers: HeaderMap | null;
  /** Bytes still to come, Infinity when unknown. */
  readonly remaining: number;
  /** Decodes from `start`; returns the offset of the first byte not consumed. */
  decode(input: Buffer, start: number, sink: BodySink): number;
  /** The peer ended the stream: true when that is a proper end of this body. */
  finish(): boolean;
}

export function createBodyDecoder(framing: Framing, limits: Http1Limits): BodyDecoder {
  switch (framing.kind) {
    case 'none':
      return new LengthDecoder(0);
    case 'length':
      return new LengthDecoder(framing.length);
    case 'chunked':
      return new ChunkedDecoder(limits);
    case 'until-close':
      return new UntilCloseDecoder();
  }
}

class LengthDecoder implements BodyDecoder {
  remaining: number;
  readonly error = null;
  readonly trailers = null;

  constructor(length: number) {
    this.remaining = length;
  }

  get done(): boolean {
    return this.remaining === 0;
  }

  decode(input: Buffer, start: number, sink: BodySink): number {
    const take = Math.min(this.remaining, input.length - start);
    if (take === 0) return start;
    this.remaining -= take;
    sink.onBody(start === 0 && take === input.length ? input : input.subarray(start, start + take));
    return start + take;
  }

  finish(): boolean {
    return this.remaining === 0;
  }
}

class UntilCloseDecoder implements BodyDecoder {
  done = false;
  readonly error = null;
  readonly trailers = null;
  readonly remaining = Number.POSITIVE_INFINITY;

  decode(input: Buffer, start: number, sink: BodySink): number {
    if (start < input.length) sink.onBody(start === 0 ? input : input.subarray(start));
    return input.length;
  }

  finish(): boolean {
    this.done = true;
    return true;
  }
}

const chunkStates = { size: 0, extension: 1, sizeLf: 2, data: 3, dataCr: 4, dataLf: 5, trailers: 6, done: 7 } as const;
type ChunkState = (typeof chunkStates)[keyof typeof chunkStates];
const cr = 0x0d;
const lf = 0x0a;

/**
 * RFC 9112 §7.1:  size [;extension] CRLF data CRLF … 0 CRLF [trailers] CRLF
 * Extensions are skipped within a limit; no white space, sign or prefix is tolerated around the size.
 */
class ChunkedDecoder implements BodyDecoder {
  error: Http1Error | null = null;
  trailers: HeaderMap | null = null;
  readonly remaining = Number.POSITIVE_INFINITY;
  readonly #limits: Http1Limits;
  #state: ChunkState = chunkStates.size;
  #size = 0;
  #sizeDigits = 0;
  #lineBytes = 0;
  #trailerText = '';

  constructor(limits: Http1Limits) {
    this.#limits = limits;
  }

  get done(): boolean {
    return this.#state === chunkStates.done;
  }

  finish(): boolean {
    return this.done;
  }

  decode(input: Buffer, start: number, sink: BodySink): number {
    let at = start;
    const length = input.length;
    while (at < length && this.error === null && this.#state !== chunkStates.done) {
      if (this.#state === chunkStates.data) {
        const take = Math.min(this.#size, length - at);
        this.#size -= take;
        if (this.#size === 0) this.#state = chunkStates.dataCr;
        at += take;
        if (!sink.onBody(input.subarray(at - take, at))) return at;
      } else if (this.#state === chunkStates.trailers) {
        at = this.#readTrailers(input, at);
      } else {
        this.#step(input[at]!);
        at++;
      }
    }
    return at;
  }

  #fail(kind: string, detail: string, status = 400): void {
    this.error = { status, kind, detail };
  }

  #step(byte: number): void {
    switch (this.#state) {
      case chunkStates.size:
        this.#readSize(byte);
        return;
      case chunkStates.extension:
        if (++this.#lineBytes > this.#limits.chunkLineBytes) this.#fail('chunk-extension', 'chunk extension too long');
        else if (byte === cr) this.#state = chunkStates.sizeLf;
        else if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f)
          this.#fail('chunk-extension', 'control character in a chunk extension');
        return;
      case chunkStates.sizeLf:
        if (byte !== lf) this.#fail('chunk-size', 'CR without LF after a chunk size');
        else this.#state = this.#size === 0 ? chunkStates.trailers : chunkStates.data;
        return;
      case chunkStates.dataCr:
        if (byte !== cr) this.#fail('chunk-data', 'chunk longer than its size');
        else this.#state = chunkStates.dataLf;
        return;
      case chunkStates.dataLf:
        if (byte !== lf) this.#fail('chunk-data', 'CR without LF after a chunk');
        else {
          this.#state = chunkStates.size;
          this.#size = 0;
          this.#sizeDigits = 0;
          this.#lineBytes = 0;
        }
        return;
    }
  }

  #readSize(byte: number): void {
    const digit = hexValue(byte);
    if (digit !== -1) {
      this.#size = this.#size * 16 + digit;
      if (++this.#sizeDigits > 16 || this.#size > Number.MAX_SAFE_INTEGER) this.#fail('chunk-size', 'chunk size too large');
      return;
    }
    if (this.#sizeDigits === 0) this.#fail('chunk-size', 'chunk size missing');
    else if (byte === cr) this.#state = chunkStates.sizeLf;
    else if (byte === 0x3b) this.#state = chunkStates.extension;
    else this.#fail('chunk-size', 'chunk size is not hexadecimal');
  }

  /** Gathers trailer text until its empty line. Trailers are rare and short: text concatenation is fine. */
  #readTrailers(input: Buffer, at: number): number {
    const before = this.#trailerText.length;
    const room = this.#limits.trailerBytes + 4 - before;
    const text = this.#trailerText + input.toString('latin1', at, Math.min(input.length, at + room));
    const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n');
    if (end === -1) {
      this.#trailerText = text;
      if (/\r[^\n]|(?:^|[^\r])\n/.test(text)) this.#fail('trailers', 'bare CR or LF in the trailers');
      else if (text.length > this.#limits.trailerBytes) this.#fail('trailers', 'trailers too long', 431);
      return input.length;
    }
    const parsed = parseTrailers(text.slice(0, end), this.#limits);
    if (parsed !== null && isHttp1Error(parsed)) this.error = parsed;
    else {
      this.trailers = parsed;
      this.#state = chunkStates.done;
    }
    this.#trailerText = '';
    return at + (end === 0 ? 2 : end + 4) - before;
  }
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
