import type { ParseArgsOptionsConfig } from 'node:util';
import type { Output } from './output.ts';

export type OptionValues = Record<string, string | boolean | (string | boolean)[] | undefined>;

export interface CommandContext {
  values: OptionValues;
  positionals: string[];
  /** Folder of CA, database and engine.json. */
  home: string;
  json: boolean;
  out: Output;
}

/** One command; its file is named after it. `run` returns the exit code: 0 done, 1 failed or expectation not met. */
export interface Command {
  /** Without `drydock`: `explain --from A --to B [--method M] PATH`. */
  usage: string;
  summary: string;
  options: ParseArgsOptionsConfig;
  run(context: CommandContext): Promise<number>;
}

/** The command line itself is wrong: exit code 2 and the usage. */
export class UsageError extends Error {
  override name = 'UsageError';
}
/** It was understood and could not be done: exit code 1 and these words. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly details: unknown;
  constructor(message: string, details?: unknown) {
    super(message);
    this.details = details;
  }
}

export function text(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}
export function texts(values: OptionValues, name: string): string[] {
  const value = values[name];
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : [];
}
export function number(values: OptionValues, name: string): number | undefined {
  const value = text(values, name);
  if (value === undefined) return undefined;
  const parsed = Number(value);
  if (value.trim() === '' || !Number.isFinite(parsed))
    throw new UsageError(`--${name} wants a number, not ${JSON.stringify(value)}`);
  return parsed;
}
/** `name: value` or `name=value` pairs of a repeated option. */
export function pairs(values: OptionValues, name: string): Record<string, string> {
  const entries = texts(values, name).map((pair) => {
    const at = pair.search(/[:=]/);
    if (at < 1) throw new UsageError(`--${name} wants name:value, not ${JSON.stringify(pair)}`);
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const;
  });
  return Object.fromEntries(entries);
}
