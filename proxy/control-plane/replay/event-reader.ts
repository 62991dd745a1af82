import type { WireMessage } from './wire.ts';

/** Server-sent events out of a body: blocks between blank lines, any of the three line ends. */
export class EventReader {
  readonly messages: WireMessage[] = [];
  #rest = '';
  readonly #decoder = new TextDecoder();

  add(chunk: Buffer, offsetMs: number): void {
    this.#rest += this.#decoder.decode(chunk, { stream: true });
    for (;;) {
      const end = /\r\n\r\n|\n\n|\r\r/.exec(this.#rest);
      if (end === null) return;
      const block = this.#rest.slice(0, end.index + end[0].length);
      this.#rest = this.#rest.slice(block.length);
      if (block.trim() !== '')
        this.messages.push({ dir: 'down', kind: 'event', data: new Uint8Array(Buffer.from(block)), offsetMs });
    }
  }
}
