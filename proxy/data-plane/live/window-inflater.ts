import { constants, inflateRawSync } from 'node:zlib';

/** RFC 7692 §7.2.1: the sender leaves these off. */
const tail = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const windowBytes = 32 * 1024;
const maxInflatedBytes = 256 * 1024;
const maxPerSecond = 500;

/**
 * Inflates one direction's permessage-deflate messages for display. Each may refer to the 32 KiB before it, so one that was left out (too
 * long, too many in a second, broken) takes the following with it, unless the sender starts each anew (no_context_takeover).
 */
export class WindowInflater {
  readonly #keepsContext: boolean;
  readonly #elapsed: () => number;
  #window: Buffer = Buffer.alloc(0);
  #lost = '';
  #second = 0;
  #inSecond = 0;

  constructor(keepsContext: boolean, elapsed: () => number) {
    this.#keepsContext = keepsContext;
    this.#elapsed = elapsed;
  }

  /** `data: null` stands for a message that was not kept whole. A string tells why nothing can be shown. */
  inflate(data: Buffer | null): Buffer | string {
    if (this.#lost !== '') return this.#lost;
    if (data === null) return this.#leaveOut('it is too long to be inflated here');
    const second = Math.floor(this.#elapsed() / 1000);
    if (second !== this.#second) this.#inSecond = 0;
    this.#second = second;
    if (++this.#inSecond > maxPerSecond) return this.#leaveOut(`more than ${maxPerSecond} messages came in a second`);
    try {
      const whole = inflateRawSync(Buffer.concat([data, tail]), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: maxInflatedBytes,
        ...(this.#window.length > 0 ? { dictionary: this.#window } : {}),
      });
      if (this.#keepsContext) this.#window = Buffer.from(Buffer.concat([this.#window, whole]).subarray(-windowBytes));
      return whole;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return this.#leaveOut(code === 'ERR_BUFFER_TOO_LARGE' ? 'it inflates to more than 256 KiB' : 'it cannot be inflated');
    }
  }

  #leaveOut(why: string): string {
    if (this.#keepsContext) this.#lost = `deflated, and an earlier message was not inflated: ${why}`;
    return `deflated: ${why}`;
  }
}
