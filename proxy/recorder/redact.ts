import { createHmac } from 'node:crypto';
import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib';
import type { CapturedBody, ExchangeDetail } from '../api/exchange.schema.ts';
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
const URL_HEADERS = new Set(['referer', 'location', 'x-envoy-original-path', 'content-location', 'link']);
/** A JSON member with a string or number value; the last one may be cut off by the capture limit. */
const JSON_MEMBER = /"((?:[^"\\]|\\.){1,128})"(\s*:\s*)(?:"((?:[^"\\]|\\.)*)("|$)|(-?\d[\d.eE+-]*))/g;
const MAX_INFLATED_BYTES = 10 * 1024 * 1024;

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
    if (removed.length === 0) return exchange;
    return { ...exchange, path, request, response, redacted: [...exchange.redacted, ...new Set(removed)] };
  }

  #message(message: ExchangeDetail['request'], place: string, removed: string[]): ExchangeDetail['request'] {
    const headers = this.#headers(message.headers, `${place}.headers`, removed);
    const trailers =
      message.trailers.length === 0 ? message.trailers : this.#headers(message.trailers, `${place}.trailers`, removed);
    const body = message.body === null ? null : this.#body(message.body, `${place}.body`, removed);
    if (headers === message.headers && body === message.body && trailers === message.trailers) return message;
    return { headers, body, trailers };
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

  #header(name: string, value: string, place: string, removed: string[]): string {
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
    const clean = start < 0 ? url : url.slice(0, start + 1) + this.#form(url.slice(start + 1), place, removed);
    return clean.includes('eyJ') ? this.#tokens(clean, place, removed) : clean;
  }

  #form(text: string, place: string, removed: string[]): string {
    return text.replace(/([^&=?#\s]+)=([^&#\s]*)/g, (whole, name: string, value: string) => {
      if (value === '' || !this.#names.isSecretField(decodeLeniently(name))) return whole;
      removed.push(`${place}.${decodeLeniently(name)}`);
      return `${name}=${this.#secret(value)}`;
    });
  }

  #tokens(text: string, place: string, removed: string[]): string {
    return text.replace(JWT, (whole, claims: string) => {
      removed.push(`${place}.jwt`);
      return `${claims}.${this.#hash(whole)}`;
    });
  }

  /** A JWT keeps header and claims; anything else becomes its hash. */
  #secret(value: string): string {
    const token = /^(eyJ[\w-]+\.eyJ[\w-]+)\.[\w-]*$/.exec(value);
    return token === null ? this.#hash(value) : `${token[1]}.${this.#hash(value)}`;
  }

  #hash(value: string): string {
    // What is redacted already (a replayed request) keeps its hash.
    if (/^redacted-[0-9a-f]{16}$/.test(value)) return value;
    return `redacted-${createHmac('sha256', this.#key).update(value).digest('hex').slice(0, 16)}`;
  }

  #body(body: CapturedBody, place: string, removed: string[]): CapturedBody {
    const text = body.encoding === 'utf8' ? body.content : inflateText(body);
    if (text === null) return body;
    const before = removed.length;
    const clean = this.#text(text, body.contentType, place, removed);
    if (removed.length === before) return body;
    // A compressed body with a secret in it is kept as the text it was: the wire bytes would still hold the secret.
    return { ...body, encoding: 'utf8', content: clean, contentEncoding: '' };
  }

  #text(text: string, contentType: string, place: string, removed: string[]): string {
    let clean = text;
    if (contentType.includes('x-www-form-urlencoded')) clean = this.#form(clean, place, removed);
    else if (/^\s*[[{]/.test(clean)) clean = this.#json(clean, place, removed);
    return clean.includes('eyJ') ? this.#tokens(clean, place, removed) : clean;
  }

  /** By text, not by parsing: formatting stays, and a body cut off by the capture limit is cleaned just as well. */
  #json(text: string, place: string, removed: string[]): string {
    return text.replace(JSON_MEMBER, (whole, name: string, colon: string, value: string | undefined, close: string, number) => {
      const secret = value ?? number;
      if (secret === undefined || secret === '' || !this.#names.isSecretField(name)) return whole;
      // `code` and the like as a number is a status or an error, not a secret.
      if (value === undefined && name.toLowerCase() === 'code') return whole;
      removed.push(`${place}.${name}`);
      return value === undefined
        ? `"${name}"${colon}"${this.#hash(number)}"`
        : `"${name}"${colon}"${this.#secret(value)}${close}`;
    });
  }
}

/** The text of a compressed body, as far as it was captured; null when it is not text or not compressed in a way we know. */
function inflateText(body: CapturedBody): string | null {
  const inflate = { gzip: gunzipSync, 'x-gzip': gunzipSync, deflate: inflateSync, br: brotliDecompressSync }[
    body.contentEncoding.trim().toLowerCase()
  ];
  if (inflate === undefined) return null;
  const finishFlush = inflate === brotliDecompressSync ? constants.BROTLI_OPERATION_FLUSH : constants.Z_SYNC_FLUSH;
  try {
    return inflate(Buffer.from(body.content, 'base64'), { finishFlush, maxOutputLength: MAX_INFLATED_BYTES }).toString('utf8');
  } catch {
    // Not what its header says, or a bomb: it stays as the bytes it is, nobody reads it as text.
    return null;
  }
}

function decodeLeniently(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
