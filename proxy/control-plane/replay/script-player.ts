import type { StreamScript } from '../../recorder/replay/call.ts';

type Message = StreamScript['messages'][number];

/** Says when each recorded message goes up: after the answers it was recorded after (lock-step), or at its recorded time. */
export class ScriptPlayer {
  readonly #script: StreamScript;
  readonly #send: (message: Message) => void;
  readonly #onAllSent: () => void;
  readonly #up: { message: Message; after: number }[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  #sent = 0;
  #received = 0;

  constructor(script: StreamScript, send: (message: Message) => void, onAllSent: () => void) {
    this.#script = script;
    this.#send = send;
    this.#onAllSent = onAllSent;
    let down = 0;
    for (const message of script.messages) {
      if (message.dir === 'up' && message.kind !== 'pong') this.#up.push({ message, after: down });
      else if (message.dir === 'down' && isTold(message)) down++;
    }
  }

  /** How many messages came down when it was recorded. */
  get expected(): number {
    return this.#script.messages.filter((message) => message.dir === 'down' && isTold(message)).length;
  }

  start(): void {
    if (this.#script.mode === 'lock-step') this.#advance();
    else
      for (const { message } of this.#up) {
        const delayMs = message.offsetMs / this.#script.speed;
        this.#timers.push(setTimeout(() => this.#pass(message), delayMs));
      }
    if (this.#up.length === 0) this.#onAllSent();
  }

  received(): void {
    this.#received++;
    if (this.#script.mode === 'lock-step') this.#advance();
  }

  /** Every message went up and every answer came. */
  get isOver(): boolean {
    return this.#sent >= this.#up.length && this.#received >= this.expected;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #advance(): void {
    while (this.#sent < this.#up.length && this.#up[this.#sent]!.after <= this.#received)
      this.#pass(this.#up[this.#sent]!.message);
  }

  #pass(message: Message): void {
    this.#sent++;
    this.#send(message);
    if (this.#sent === this.#up.length) this.#onAllSent();
  }
}

export const isTold = ({ kind }: { kind: Message['kind'] }): boolean => kind !== 'ping' && kind !== 'pong' && kind !== 'close';
