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

const POOL_BYTES = 16 * 1024;
/** Exchange ids carry a number of five base-36 digits; the upper three change every 1,296 exchanges only. */
const LOW = 36 ** 2;
const COUNT = 36 ** 5;

/** Identifiers from the system's random source, drawn in pools: one system call per 16 KiB. */
export function createIdSource(): IdSource {
  const pool = Buffer.alloc(POOL_BYTES);
  let digits = '';
  let used = 0;
  let counter = 0;
  const origin = randomHex(3);
  const low = Array.from({ length: LOW }, (_, n) => `${n.toString(36).padStart(2, '0')}-${origin}`);
  let head = '';
  let headMs = -1;
  let headCount = -1;

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
      counter = (counter + 1) % COUNT;
      const ms = Math.floor(wallMs);
      const high = Math.floor(counter / LOW);
      // Writing numbers in base 36 costs more than everything else here: once per millisecond, not per exchange.
      if (ms !== headMs || high !== headCount) {
        headMs = ms;
        headCount = high;
        head = `${ms.toString(36).padStart(9, '0')}-${high.toString(36).padStart(3, '0')}`;
      }
      return head + low[counter % LOW];
    },
  };
}
