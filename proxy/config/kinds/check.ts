import { RE2JS } from 're2js';
import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { messageOf } from '../../shared/message-of.ts';
import { type DiagnosticInput, diagnose, type Path } from '../diagnostics.ts';
import type { ParsedResource } from '../parse.ts';
import type { StringMatchSpec } from './istio-types.ts';

/** Collects the diagnostics of one resource's rules. */
export class Checker {
  readonly diagnostics: Diagnostic[] = [];
  readonly resource: ParsedResource;

  constructor(resource: ParsedResource) {
    this.resource = resource;
  }

  report(path: Path, input: DiagnosticInput): void {
    this.diagnostics.push(diagnose(this.resource, path, input));
  }
  /** A rule of Istio's (or our) own validation is broken. */
  error(path: Path, message: string, suggestion?: string): void {
    this.report(path, { code: 'DD2001', message, suggestion: suggestion ?? null });
  }

  /** Go duration; `minMs` 1 is Istio's smallest. Zero passes where `zero` says it means "off". */
  duration(path: Path, text: string | undefined, { minMs = 1, zero = false }: { minMs?: number; zero?: boolean } = {}): void {
    if (text === undefined) return;
    const ms = parseDurationMs(text);
    if (ms === null) {
      this.report(path, {
        code: 'DD2002',
        message: `\`${text}\` is not a duration.`,
        suggestion: 'Write e.g. 500ms, 1.5s or 2m.',
      });
    } else if (!(zero && ms === 0) && ms < minMs) {
      this.report(path, { code: 'DD2002', message: `\`${text}\` is too short: the least is ${minMs}ms.` });
    } else if (!Number.isInteger(ms)) {
      this.report(path, { code: 'DD2002', message: `\`${text}\`: only whole milliseconds are supported.` });
    }
  }

  regex(path: Path, pattern: string | undefined): void {
    if (pattern === undefined) return;
    const problem = regexProblem(pattern);
    if (problem) this.report(path, { code: 'DD2003', message: `Not an RE2 expression: ${problem}.` });
  }

  /** A StringMatch sets exactly one of its fields (a regex must compile); `presence` allows none, meaning "is there". */
  stringMatch(path: Path, match: StringMatchSpec | undefined, presence = false): void {
    if (match === undefined) return;
    const set = (['exact', 'prefix', 'regex'] as const).filter((k) => match[k] !== undefined);
    if (set.length > 1) this.error(path, `A match is one of exact, prefix, regex; here are ${set.join(' and ')}.`);
    else if (set.length === 0 && !presence) this.error(path, 'An empty match: set exact, prefix or regex.');
    if (match.regex !== undefined && !(presence && match.regex === '*')) this.regex([...path, 'regex'], match.regex);
    if (match.regex === '') this.error([...path, 'regex'], 'An empty regex matches nothing.');
    if (match.prefix === '') this.error([...path, 'prefix'], 'An empty prefix matches everything: leave the match out.');
  }

  port(path: Path, port: number | undefined): void {
    if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
      this.error(path, `${port} is not a port: 1 to 65535.`);
    }
  }

  percent(path: Path, percent: number | undefined): void {
    if (percent !== undefined && !(percent >= 0 && percent <= 100)) this.error(path, `${percent} is not a percentage: 0 to 100.`);
  }

  /** `*`, `*.foo.com`, `foo.com` or a short name. */
  host(path: Path, host: string, { wildcard = true }: { wildcard?: boolean } = {}): void {
    if (
      host === '*'
        ? !wildcard
        : !/^(\*\.|\*-)?[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?$/.test(host) && !isIpAddress(host)
    ) {
      this.error(path, `\`${host}\` is not a host name.`);
    } else if (host.startsWith('*.') && !wildcard) this.error(path, `A wildcard (\`${host}\`) cannot be used here.`);
  }
}

/** Why a pattern is not RE2, or null. Patterns over 2,000 characters are refused: compiling them is not free. */
function regexProblem(pattern: string): string | null {
  if (pattern.length > 2000) return 'it is longer than 2000 characters';
  try {
    RE2JS.compile(pattern);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

export function isIpAddress(host: string): boolean {
  return /^(\d{1,3}\.){3}\d{1,3}(\/\d{1,2})?$/.test(host) || (host.includes(':') && /^[0-9A-Fa-f:.]+(\/\d{1,3})?$/.test(host));
}
