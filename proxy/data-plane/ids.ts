import { randomFillSync } from 'node:crypto';

/** Source of identifiers, injected so that tests get the same ones each time. */
export interface IdSource {
  /** 32 lower-case hex digits, never all zero. */
  traceId(): string;
  /** 16 lower-case hex digits, never all zero. */
  spanId(): string;
  /** A UUID v4 for x-request-id. */
  requestId(): string;
  /** Sorts by time within and across processes of one machine. */
  exchangeId(wallMs: number): string;
}

const POOL_BYTES = 4096;

/** Identifiers from the system's random source, drawn in pools: one system call per 4 KiB. */
export function createIdSource(): IdSource {
  const pool = Buffer.alloc(POOL_BYTES);
  let digits = '';
  let used = 0;
  let counter = 0;
  const origin = randomHex(3);

  function randomHex(bytes: number): string {
    if (used + bytes * 2 > digits.length) {
      randomFillSync(pool);
      digits = pool.toString('hex');
      used = 0;
    }
    const hex = digits.slice(used, used + bytes * 2);
    used += bytes * 2;
    return hex;
  }

  return {
    traceId: () => randomHex(16),
    spanId: () => randomHex(8),
    requestId() {
      const hex = randomHex(16);
      const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
    exchangeId(wallMs) {
      counter = (counter + 1) % 0x1000000;
      return `${Math.floor(wallMs).toString(36).padStart(9, '0')}-${counter.toString(36).padStart(5, '0')}-${origin}`;
    },
  };
}
