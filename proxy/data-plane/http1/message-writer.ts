import type { Duplex } from 'node:stream';
import type { HeaderMap } from '../header-map.ts';
import { writeLastChunk } from './write-head.ts';

/** Text above this does not wait for the end of the event loop's round. */
const flushAboveBytes = 16 * 1024;
/** Chunks up to this size are joined to the text waiting to be written: one write for head and small body. */
const joinBytes = 2048;

/**
 * Writes messages to one socket: head and body joined into as few writes as possible, framing exactly as begun.
 *
 *   begin(head) ── data ── data ── end      one write when all of it is small and happens in one round of the event loop
 *
 * What is small waits until everything that had arrived is read: a round reads first and writes then. Each write may wake the process at the
 * other end, and a wake-up costs more than all the work on a request; when writes come together, most find it awake.
 */
export class MessageWriter {
  readonly #socket: Duplex;
  #text = '';
  #scheduled = false;
  /** Length of the text that belongs to messages already ended. */
  #endedLength = 0;
  #done: ((error?: Error | null) => void)[] = [];
  #framing: 'none' | 'length' | 'chunked' = 'none';
  #remaining = 0;
  /** Body bytes of the current message. */
  bodyBytes = 0;
  /** True once anything was given to the socket. */
  touched = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** `head` is the complete latin1 head. `none` drops body bytes (HEAD, 204, 304). */
  begin(head: string, framing: 'none' | 'length' | 'chunked', length: number): void {
    this.#text += head;
    this.#framing = framing;
    this.#remaining = length;
    this.bodyBytes = 0;
    this.#schedule();
  }

  /** Text outside any body: an interim response. */
  interim(text: string): void {
    this.#text += text;
    this.#schedule();
  }

  /** False: wait for the socket's drain. Bytes beyond a declared length are dropped. */
  data(chunk: Buffer): boolean {
    if (this.#framing === 'none' || chunk.length === 0) return true;
    let bytes = chunk;
    if (this.#framing === 'length') {
      if (bytes.length > this.#remaining) bytes = bytes.subarray(0, this.#remaining);
      this.#remaining -= bytes.length;
      if (bytes.length === 0) return true;
    }
    this.bodyBytes += bytes.length;
    const chunked = this.#framing === 'chunked';
    if (bytes.length <= joinBytes) {
      const text = bytes.toString('latin1');
      this.#text += chunked ? `${bytes.length.toString(16)}\r\n${text}\r\n` : text;
      if (this.#text.length > flushAboveBytes) return this.flush();
      this.#schedule();
      return !this.#socket.writableNeedDrain;
    }
    const socket = this.#socket;
    socket.cork();
    if (chunked) this.#text += `${bytes.length.toString(16)}\r\n`;
    this.flush();
    const more = socket.write(bytes);
    if (chunked) this.#text = '\r\n';
    socket.uncork();
    if (chunked) this.#schedule();
    return more;
  }

  /** Ends the message and writes it out. False: fewer bytes came than were declared, so the connection must be cut, not reused. */
  end(trailers: HeaderMap | null, done?: (error?: Error | null) => void): boolean {
    if (this.#framing === 'chunked') this.#text += writeLastChunk(trailers);
    const complete = this.#framing !== 'length' || this.#remaining === 0;
    this.#framing = 'none';
    this.#endedLength = this.#text.length;
    if (done !== undefined) this.#done.push(done);
    if (this.#text.length > flushAboveBytes) this.flush();
    else this.#schedule();
    return complete;
  }

  /** Gives what waits to the socket; returns whether it wants more. */
  flush(): boolean {
    const text = this.#text;
    const done = this.#takeDone();
    if (text !== '') {
      this.#text = '';
      this.#endedLength = 0;
      this.touched = true;
      return this.#socket.write(text, 'latin1', done);
    }
    if (done !== undefined) {
      // An empty write keeps its place in the queue, so `done` still means "everything before it is out".
      if (this.#socket.writableLength === 0) done();
      else this.#socket.write('', 'latin1', done);
    }
    return !this.#socket.writableNeedDrain;
  }

  /** Forgets what was not written yet of a message that has not ended. */
  discard(): void {
    this.#text = this.#text.slice(0, this.#endedLength);
    if (this.#text !== '' || this.#done.length > 0) this.flush();
  }

  #takeDone(): ((error?: Error | null) => void) | undefined {
    const waiting = this.#done;
    if (waiting.length === 0) return undefined;
    this.#done = [];
    if (waiting.length === 1) return waiting[0];
    return (error) => {
      for (const done of waiting) done(error);
    };
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(runScheduled, this);
  }

  /** Called when the event loop has read what there was. */
  runScheduled(): void {
    this.#scheduled = false;
    if (this.#text === '' && this.#done.length === 0) return;
    if (!this.#socket.destroyed && this.#socket.writable) this.flush();
    else this.#takeDone()?.(new Error('the connection is closed'));
  }
}

function runScheduled(writer: MessageWriter): void {
  writer.runScheduled();
}
