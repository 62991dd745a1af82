import { HeaderMap } from '../header-map.ts';
import { malformedBytes, token, trimmed } from './fields.ts';
import { type Http1Error, refuse } from './http1-error.ts';
import type { Http1Limits } from './limits.ts';

/** Fields that would change framing or routing if they were believed after the body. */
const forbiddenTrailers: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'host']);
/** Meaningless or unsafe after the body: left out, never merged into the head. */
const droppedTrailers: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'proxy-connection',
  'expect',
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'content-type',
  'content-encoding',
  'content-range',
]);

/** Trailer lines, without the final empty line. Null when there are none. */
export function parseTrailers(text: string, limits: Http1Limits): HeaderMap | Http1Error | null {
  if (text === '') return null;
  if (malformedBytes.test(text)) return refuse(400, 'trailers', 'control character, bare CR or bare LF in the trailers');
  const lines = text.split('\r\n');
  if (lines.length > limits.trailerCount) return refuse(431, 'trailers', `more than ${limits.trailerCount} trailers`);
  const list: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon === -1 || !token.test(line.slice(0, colon))) return refuse(400, 'trailers', 'malformed trailer line');
    const name = line.slice(0, colon).toLowerCase();
    if (forbiddenTrailers.has(name)) return refuse(400, 'trailers', `${name} in the trailers`);
    if (!droppedTrailers.has(name)) list.push(name, trimmed(line, colon + 1, line.length));
  }
  return list.length === 0 ? null : new HeaderMap(list);
}
