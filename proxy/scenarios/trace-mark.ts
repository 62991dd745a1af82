/**
 * How the requests of a run are found again: their trace ids say run, load and number, so nothing has to be remembered per request.
 *
 *   trace id  mmmmmmmmmmmmmmmm llll nnnnnnnnnnnn      m the run's mark, l the load counted from 1, n the request counted from 0
 *   span id                    llll nnnnnnnnnnnn      of the caller outside the mesh: the first hop names it as its parent
 */
export interface MarkedRequest {
  /** Index of the load. */
  load: number;
  /** Index of the planned start. */
  number: number;
  /** The mesh's first hop: what the load itself asked for. */
  isFirstHop: boolean;
}

const markLength = 16;

export function traceIdOf(mark: string, load: number, number: number): string {
  return mark + spanIdOf(load, number);
}

export function spanIdOf(load: number, number: number): string {
  return (load + 1).toString(16).padStart(4, '0') + number.toString(16).padStart(12, '0');
}

export function traceparentOf(mark: string, load: number, number: number): string {
  return `00-${traceIdOf(mark, load, number)}-${spanIdOf(load, number)}-01`;
}

/** Null for what no load of this run sent. */
export function readMark(mark: string, exchange: { traceId: string; parentSpanId: string }): MarkedRequest | null {
  if (!exchange.traceId.startsWith(mark)) return null;
  const own = exchange.traceId.slice(markLength);
  const load = Number.parseInt(own.slice(0, 4), 16) - 1;
  const number = Number.parseInt(own.slice(4), 16);
  return load < 0 || Number.isNaN(number) ? null : { load, number, isFirstHop: exchange.parentSpanId === own };
}

/** 64 random bits in hex, never all zero: a trace id must not be. */
export function newMark(random: () => number): string {
  const part = () =>
    Math.floor(random() * 0xffff_fffe + 1)
      .toString(16)
      .padStart(8, '0');
  return part() + part();
}
