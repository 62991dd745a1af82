import { isUtf8 } from 'node:buffer';
import { createHmac } from 'node:crypto';
import type { CapturedBody, Exchange, ExchangeDetail, MessageLog } from '../api/exchange.schema.ts';
import type { LogRecord } from '../api/log.schema.ts';
import type { Span } from '../api/observability.schema.ts';
import { headerValue } from '../shared/header-value.ts';
import { decodePercents } from '../shared/percent-decoding.ts';
import { decodeBody } from './decode-body.ts';
import { memberName, replaceScalars, valueEnd } from './json-text.ts';
import { SecretNames } from './secret-names.ts';

/*
 * Secrets are taken out before anything is written, streamed or shown: by name in headers, cookies, query, form and JSON, and by shape for
 * JSON web tokens anywhere (their claims stay, the signature goes). Each is replaced by a keyed hash, so that equal secrets stay equal and a
 * recording can still be matched and compared.
 */

export interface RedactorOptions {
  /** 32 random bytes that never leave the machine (redaction-key.ts keeps them in a 0600 file): equal secrets get equal hashes. */
  key: Buffer;
  /** Header and field names on top of the defaults (mesh spec.capture.redact). */
  names?: readonly string[];
}

const JWT = /\b(eyJ[\w-]{5,}\.eyJ[\w-]{5,})\.[\w-]{5,}/g;
const REDACTED_TOKEN = /^eyJ[\w-]+\.eyJ[\w-]+\.redacted-[0-9a-f]{16}$/;
const URL_HEADERS = new Set(['referer', 'location', 'x-envoy-original-path', 'content-location', 'link']);
/** A JSON member with a string or number value; the last one may be cut off by the capture limit. */
const JSON_MEMBER = /"((?:[^"\\]|\\.){1,128})"(\s*:\s*)(?:"((?:[^"\\]|\\.)*)("|$)|(-?\d[\d.eE+-]*))/g;
/** A JSON member whose value is an object or a list. */
const JSON_TREE = /"((?:[^"\\]|\\.){1,128})"\s*:\s*(?=[[{])/g;
/** One part of multipart/form-data: its name, everything up to the blank line, and its content. */
const FORM_PART = /(\bname="([^"\r\n]+)"[^\r\n]*(?:\r?\n[^\r\n]+)*\r?\n\r?\n)([\s\S]*?)(?=\r?\n--|$)/g;
const WHOLLY_FORM = /^[^\s=&"'<>{}]+=[^\s&]*(?:&[^\s=&]+=[^\s&]*)*\s*$/;
/** A JSON text inside a JSON string inside … */
const MAX_NESTING = 3;

type Pairs = [string, string][];

export class Redactor {
  readonly #key: Buffer;
  readonly #names: SecretNames;

  constructor(options: RedactorOptions) {
    this.#key = options.key;
    this.#names = new SecretNames(options.names);
  }

  setNames(names: readonly string[]): void {
    this.#names.setExtra(names);
  }

  /** Changes nothing in place; answers copies where something was removed. */
  redact(batch: readonly ExchangeDetail[]): ExchangeDetail[] {
    return batch.map((exchange) => this.redactOne(exchange));
  }

  redactOne(exchange: ExchangeDetail): ExchangeDetail {
    const removed: string[] = [];
    const path = this.#url(exchange.path, 'request.query', removed);
    const request = this.#message(exchange.request, 'request', removed);
    const response = this.#message(exchange.response, 'response', removed);
    const messages = exchange.messages && this.#messages(exchange.messages, encodingOf(exchange), removed);
    if (removed.length === 0 && messages === exchange.messages) return exchange;
    // Twice is as once: an imported recording was redacted when it was made.
    const redacted = [...new Set([...exchange.redacted, ...removed])];
    return { ...exchange, path, request, response, redacted, ...(messages === undefined ? {} : { messages }) };
  }

  /** A request that just came in, in the form recorded ones are kept. */
  redactRequest(path: string, request: ExchangeDetail['request']): { path: string; request: ExchangeDetail['request'] } {
    return { path: this.#url(path, 'request.query', []), request: this.#message(request, 'request', []) };
  }

  /** Of an exchange without its contents. */
  redactSummary(exchange: Exchange): Exchange {
    const path = this.#url(exchange.path, 'request.query', []);
    return path === exchange.path ? exchange : { ...exchange, path };
  }

  /** A protobuf field whose name is known by now; in the bytes there was only its number. */
  redactField(name: string, value: string): string {
    if (value === '' || name === '') return value;
    return this.#names.isSecretField(name) ? this.#secret(value) : value.includes('eyJ') ? this.#tokens(value, name, []) : value;
  }

  /** Spans of the apps: attributes whose last part names a secret, or that hold a URL or a token. */
  redactSpans(spans: readonly Span[]): Span[] {
    return spans.map((span) => {
      const safe = { ...span, attributes: this.#attributes(span.attributes) };
      if (span.events.some(({ attributes }) => attributes)) safe.events = span.events.map((event) => this.#described(event));
      if (span.links) safe.links = span.links.map((link) => this.#described(link));
      return safe;
    });
  }

  #described<T extends { attributes?: Span['attributes'] | undefined }>(one: T): T {
    return one.attributes ? { ...one, attributes: this.#attributes(one.attributes) } : one;
  }

  #attributes(attributes: Span['attributes']): Span['attributes'] {
    return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, this.#attribute(name, value)]));
  }

  /** Log records of the apps: their attributes as those of spans, their text as a body. */
  redactLogs(logs: readonly LogRecord[]): LogRecord[] {
    return logs.map((log) => {
      return { ...log, body: this.#text(log.body, '', '', []), attributes: this.#attributes(log.attributes) };
    });
  }

  #attribute(name: string, value: string | number | boolean): string | number | boolean {
    if (typeof value === 'boolean' || value === '') return value;
    const last = name.slice(name.lastIndexOf('.') + 1);
    const isHeader = /\.(?:header|metadata)\.[^.]+$/.test(name);
    // Status codes and the like: `code` is a secret in an OAuth query only.
    if (isHeader ? this.#names.isSecretHeader(last) : last !== 'code' && this.#names.isSecretField(last))
      return this.#secret(String(value));
    if (typeof value === 'number') return value;
    if (/^(?:url|http)\.|\.(?:url|uri)$/.test(name)) return this.#url(value, name, []);
    return value.includes('eyJ') ? this.#tokens(value, name, []) : value;
  }

  #message(message: ExchangeDetail['request'], place: string, removed: string[]): ExchangeDetail['request'] {
    const headers = this.#headers(message.headers, `${place}.headers`, removed);
    const trailers =
      message.trailers.length === 0 ? message.trailers : this.#headers(message.trailers, `${place}.trailers`, removed);
    const body = message.body === null ? null : this.#body(message.body, `${place}.body`, removed);
    if (headers === message.headers && body === message.body && trailers === message.trailers) return message;
    return { headers, body, trailers };
  }

  /** Frames and events as bodies; deflated gRPC messages are inflated, or nobody could look into them. */
  #messages(log: MessageLog, grpcEncoding: string, removed: string[]): MessageLog {
    let changed = false;
    const items = log.items.map((item) => {
      const contentEncoding = item.kind === 'message' && item.compressed ? grpcEncoding : '';
      const { bytes, truncated, encoding, content } = item;
      const body = { bytes, capturedBytes: bytes, truncated, encoding, content, contentType: '', contentEncoding };
      const plain = contentEncoding === '' ? null : decodeBody(body);
      const shown = plain === null ? body : { ...body, contentEncoding: '', content: plain.toString('base64') };
      const clean = this.#body(shown, `messages.${item.dir}`, removed);
      if (clean === body) return item;
      changed = true;
      return { ...item, encoding: clean.encoding, content: clean.content };
    });
    return changed ? { ...log, items } : log;
  }

  #headers(pairs: Pairs, place: string, removed: string[]): Pairs {
    let copy: Pairs | null = null;
    for (let i = 0; i < pairs.length; i++) {
      const [name, value] = pairs[i]!;
      const clean = this.#header(name, value, place, removed);
      if (clean === value) continue;
      copy ??= pairs.slice();
      copy[i] = [name, clean];
    }
    return copy ?? pairs;
  }

  #header(written: string, value: string, place: string, removed: string[]): string {
    const name = written.toLowerCase();
    if (this.#names.isSecretHeader(name)) {
      if (value === '') return value;
      removed.push(`${place}.${name}`);
      if (name === 'cookie') return this.#cookies(value);
      if (name === 'set-cookie') return this.#setCookie(value);
      const scheme = /^([A-Za-z][\w-]*) +(.+)$/.exec(value);
      return scheme === null ? this.#secret(value) : `${scheme[1]} ${this.#secret(scheme[2]!)}`;
    }
    if (URL_HEADERS.has(name)) return this.#url(value, `${place}.${name}`, removed);
    return value.includes('eyJ') ? this.#tokens(value, `${place}.${name}`, removed) : value;
  }

  #cookies(value: string): string {
    return value
      .split(/;\s*/)
      .map((cookie) => {
        const equals = cookie.indexOf('=');
        return equals < 0 ? this.#secret(cookie) : `${cookie.slice(0, equals)}=${this.#secret(cookie.slice(equals + 1))}`;
      })
      .join('; ');
  }

  #setCookie(value: string): string {
    const end = value.indexOf(';');
    const cookie = end < 0 ? value : value.slice(0, end);
    return this.#cookies(cookie) + (end < 0 ? '' : value.slice(end));
  }

  /** Secrets in a URL's query or fragment; the rest stays as it was written. */
  #url(url: string, place: string, removed: string[]): string {
    const start = url.search(/[?#]/);
    let clean = start < 0 ? url : url.slice(0, start + 1) + this.#form(url.slice(start + 1), place, removed);
    clean = clean.replace(/^(<?[a-z][a-z0-9+.-]*:\/\/)([^/?#@\s]+)@/i, (_whole, scheme: string, user: string) => {
      removed.push(`${place}.userinfo`);
      return `${scheme}${this.#hash(user)}@`;
    });
    return clean.includes('eyJ') ? this.#tokens(clean, place, removed) : clean;
  }

  #form(text: string, place: string, removed: string[]): string {
    return text.replace(/([^&=?#\s]+)=([^&#\s]*)/g, (whole, name: string, value: string) => {
      if (value === '' || !this.#names.isSecretField(decodePercents(name))) return whole;
      removed.push(`${place}.${decodePercents(name)}`);
      return `${name}=${this.#secret(value)}`;
    });
  }

  #tokens(text: string, place: string, removed: string[]): string {
    return text.replace(JWT, (whole, claims: string) => {
      removed.push(`${place}.jwt`);
      return REDACTED_TOKEN.test(whole) ? whole : `${claims}.${this.#hash(whole)}`;
    });
  }

  /** A JWT keeps header and claims; anything else becomes its hash. */
  #secret(value: string): string {
    if (REDACTED_TOKEN.test(value)) return value;
    const token = /^(eyJ[\w-]+\.eyJ[\w-]+)\.[\w-]*$/.exec(value);
    return token === null ? this.#hash(value) : `${token[1]}.${this.#hash(value)}`;
  }

  #hash(value: string): string {
    // What is redacted already (a replayed request) keeps its hash.
    if (/^redacted-[0-9a-f]{16}$/.test(value)) return value;
    return `redacted-${createHmac('sha256', this.#key).update(value).digest('hex').slice(0, 16)}`;
  }

  #body(body: CapturedBody, place: string, removed: string[]): CapturedBody {
    if (body.encoding === 'utf8' && body.contentEncoding === '') {
      const clean = this.#text(body.content, body.contentType, place, removed);
      return clean === body.content ? body : { ...body, content: clean };
    }
    const decoded = decodeBody(body);
    // What cannot be decoded (an unknown encoding, or not what its header says) is bytes nobody can read as text.
    if (decoded === null) return body;
    // Latin-1 keeps every byte of what is not UTF-8, so that a secret between binary fields is found too.
    const binary = body.encoding === 'base64' && !isUtf8(decoded);
    const before = removed.length;
    const clean = this.#text(decoded.toString(binary ? 'latin1' : 'utf8'), body.contentType, place, removed);
    if (removed.length === before) return body;
    // A compressed body with a secret in it is kept as the text it was: the wire bytes would still hold the secret.
    if (!binary) return { ...body, encoding: 'utf8', content: clean, contentEncoding: '' };
    return { ...body, content: Buffer.from(clean, 'latin1').toString('base64'), contentEncoding: '' };
  }

  #text(text: string, contentType: string, place: string, removed: string[]): string {
    let clean = text;
    if (this.#names.mayHoldSecret(text)) {
      if (contentType.includes('x-www-form-urlencoded') || WHOLLY_FORM.test(text)) clean = this.#form(clean, place, removed);
      else if (contentType.includes('multipart/')) clean = this.#multipart(clean, place, removed);
      // JSON whatever the content type says: it also comes as text/plain and inside event streams.
      else clean = this.#json(clean, place, removed, 0);
    }
    return clean.includes('eyJ') ? this.#tokens(clean, place, removed) : clean;
  }

  #multipart(text: string, place: string, removed: string[]): string {
    return text.replace(FORM_PART, (whole, head: string, name: string, content: string) => {
      if (content === '') return whole;
      if (!this.#names.isSecretField(name)) return head + this.#json(content, place, removed, 0);
      removed.push(`${place}.${name}`);
      return head + this.#secret(content);
    });
  }

  /** By text, not by parsing: formatting stays, and a body cut off by the capture limit is cleaned just as well. */
  #json(text: string, place: string, removed: string[], nesting: number): string {
    const flat = this.#secretTrees(text, place, removed);
    return flat.replace(
      JSON_MEMBER,
      (whole, written: string, colon: string, value: string | undefined, close: string, number) => {
        const secret = value ?? number;
        const name = memberName(written);
        if (secret === undefined || secret === '') return whole;
        if (!this.#names.isSecretField(name)) {
          if (value === undefined || nesting >= MAX_NESTING || !value.includes('\\"')) return whole;
          return `"${written}"${colon}"${this.#jsonInString(value, place, removed, nesting)}${close}`;
        }
        // As numbers, `code` is a status and `max_tokens` a count, not secrets.
        if (value === undefined && /^code$|tokens$/i.test(name)) return whole;
        removed.push(`${place}.${name}`);
        const clean = this.#secret(secret);
        return value === undefined ? `"${written}"${colon}"${clean}"` : `"${written}"${colon}"${clean}${close}`;
      },
    );
  }

  /** Objects and lists under a secret's name: every value in them goes. */
  #secretTrees(text: string, place: string, removed: string[]): string {
    let clean = '';
    let done = 0;
    for (const match of text.matchAll(JSON_TREE)) {
      const name = memberName(match[1]!);
      if (match.index < done || /^code$/i.test(name) || !this.#names.isSecretField(name)) continue;
      const start = match.index + match[0].length;
      const end = valueEnd(text, start);
      removed.push(`${place}.${name}`);
      clean += text.slice(done, start) + replaceScalars(text.slice(start, end), (value) => this.#secret(value));
      done = end;
    }
    return done === 0 ? text : clean + text.slice(done);
  }

  #jsonInString(escaped: string, place: string, removed: string[], nesting: number): string {
    const before = removed.length;
    const inner = memberName(escaped);
    const clean = this.#json(inner, place, removed, nesting + 1);
    return removed.length === before ? escaped : JSON.stringify(clean).slice(1, -1);
  }
}

function encodingOf({ request }: ExchangeDetail): string {
  return headerValue(request.headers, 'grpc-encoding');
}
