import { isUtf8 } from 'node:buffer';
import type { ExchangeMessage, MessageLog as MessageLogRecord } from '../../api/exchange.schema.ts';

/** What all logs of a data plane may hold together. */
export class MessageBudget {
  readonly #limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#limitBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}

export interface PassedMessage {
  dir: 'up' | 'down';
  kind: ExchangeMessage['kind'];
  /** Payload on the wire. */
  bytes: number;
  /** Its first bytes, the log's own from now on. */
  data: Buffer;
  truncated: boolean;
  compressed?: boolean;
  closeCode?: number;
  note?: string;
}

interface Kept extends PassedMessage {
  number: number;
  offsetMs: number;
}

const keptFirst = 20;
const keptLast = 280;
const maxBytes = 256 * 1024;
/** Object and numbers of one entry. */
const entryBytes = 200;

/** The first and the latest messages of one exchange; what lies between is counted. Bounded in number and bytes. */
export class MessageLog {
  readonly #budget: MessageBudget;
  readonly #elapsed: () => number;
  readonly #first: Kept[] = [];
  readonly #last: Kept[] = [];
  #total = 0;
  #up = 0;
  #bytes = 0;

  /** `elapsed`: milliseconds since the exchange began. */
  constructor(budget: MessageBudget, elapsed: () => number) {
    this.#budget = budget;
    this.#elapsed = elapsed;
  }

  get total(): number {
    return this.#total;
  }

  /** Of these, the ones towards the destination. */
  get up(): number {
    return this.#up;
  }

  add(message: PassedMessage): void {
    if (message.dir === 'up') this.#up++;
    const kept = { ...message, number: this.#total++, offsetMs: Math.round(this.#elapsed() * 1000) / 1000 };
    const size = kept.data.length + entryBytes;
    while (this.#last.length > 0 && (this.#last.length >= keptLast || this.#bytes + size > maxBytes)) this.#dropOldest();
    while (!this.#budget.take(size)) {
      // The rest of the memory is with other exchanges: this one keeps what it has, minus its own oldest.
      if (this.#last.length === 0) return;
      this.#dropOldest();
    }
    this.#bytes += size;
    if (this.#first.length < keptFirst && this.#first.length === kept.number) this.#first.push(kept);
    else this.#last.push(kept);
  }

  record(): MessageLogRecord {
    const items = [...this.#first, ...this.#last].map(toRecord);
    return { items, total: this.#total, dropped: this.#total - items.length };
  }

  /** Its memory is free for others; what it recorded stays true. */
  release(): void {
    this.#budget.giveBack(this.#bytes);
    this.#bytes = 0;
    this.#first.length = 0;
    this.#last.length = 0;
  }

  #dropOldest(): void {
    const oldest = this.#last.shift();
    if (oldest === undefined) return;
    const size = oldest.data.length + entryBytes;
    this.#bytes -= size;
    this.#budget.giveBack(size);
  }
}

function toRecord({ data, ...rest }: Kept): ExchangeMessage {
  // A preview may end in the middle of a character.
  const text =
    rest.kind !== 'binary' && rest.kind !== 'message' && (isUtf8(data) || (rest.truncated && isUtf8(withoutTail(data))));
  return { ...rest, encoding: text ? 'utf8' : 'base64', content: data.toString(text ? 'utf8' : 'base64') };
}

function withoutTail(data: Buffer): Buffer {
  let end = data.length;
  while (end > 0 && end > data.length - 4 && (data[end - 1]! & 0xc0) === 0x80) end--;
  return end > 0 && (data[end - 1]! & 0x80) !== 0 ? data.subarray(0, end - 1) : data;
}
