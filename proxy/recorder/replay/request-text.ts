import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import { decodePercents } from '../../shared/percent-decoding.ts';
import { decodeBody } from '../decode-body.ts';
import type { ReadableAnswer } from './variable-rule.ts';

/** Characters that a token, an id or a hash consists of. */
const TOKEN = /[\w.~+-]+/g;

/** Every word of a request's path, headers and body, with the place it stands at. */
export function* requestTokens(root: ExchangeDetail): Generator<{ token: string; where: string }> {
  for (const [token] of decodePercents(root.path).matchAll(TOKEN)) yield { token, where: 'path' };
  for (const [name, value] of root.request.headers)
    for (const [token] of value.matchAll(TOKEN)) yield { token, where: `header ${name.toLowerCase()}` };
  for (const [token] of bodyText(root.request.body).matchAll(TOKEN)) yield { token, where: 'body' };
}

/** '' for none, and for what is no text. */
export function bodyText(body: ExchangeDetail['request']['body']): string {
  if (body === null) return '';
  if (body.encoding === 'utf8' && body.contentEncoding === '') return body.content;
  return (decodeBody(body) ?? Buffer.alloc(0)).toString('utf8');
}

export function recordedAnswer(root: ExchangeDetail): ReadableAnswer {
  return { headers: root.response.headers, text: bodyText(root.response.body) };
}

/** Puts values in place of others where they stand as words of their own; values with other characters in them anywhere. */
export function replaceValues(text: string, values: ReadonlyMap<string, string>, onUse: (value: string) => void): string {
  if (values.size === 0 || text === '') return text;
  const replaced = text.replace(TOKEN, (token) => {
    const value = values.get(token);
    if (value === undefined) return token;
    onUse(token);
    return value;
  });
  let result = replaced;
  for (const [recorded, value] of values) {
    if (/^[\w.~+-]+$/.test(recorded) || !result.includes(recorded)) continue;
    onUse(recorded);
    result = result.replaceAll(recorded, value);
  }
  return result;
}
