import type { LogRecord } from './log.schema.ts';

/** OTLP's six severities, each of four numbers. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];

/** By its number, else by what the app calls it; null when neither says. */
export function levelOf({ severity, severityText }: Pick<LogRecord, 'severity' | 'severityText'>): LogLevel | null {
  const known = severity > 0 ? logLevels[Math.floor((severity - 1) / 4)] : undefined;
  if (known) return known;
  const text = severityText.toLowerCase();
  if (text.startsWith('crit') || text.startsWith('emerg')) return 'fatal';
  return logLevels.find((level) => text.startsWith(level.slice(0, 3))) ?? null;
}
