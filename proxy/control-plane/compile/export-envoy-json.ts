/** A piece of Envoy's configuration. */
export type Json = Record<string, unknown>;
export const typed = (type: string, value: Json): Json => ({ '@type': `type.googleapis.com/${type}`, ...value });
/** A protobuf duration: at most nine decimals. */
export const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(9))}s`;

/** A FractionalPercent. */
export function fraction(percent: number): Json {
  return { numerator: Math.round(percent * 10_000), denominator: 'MILLION' };
}
