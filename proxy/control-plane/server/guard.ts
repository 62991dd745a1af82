import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.ts';

/** Origin of the desktop app's own pages (its custom protocol). */
export const appOrigin = 'app://drydock';
export const streamProtocol = 'drydock.v1';

export interface Guard {
  /** Host and Origin: who may ask at all. Throws 403. */
  checkCaller(request: IncomingMessage): void;
  /** Bearer token in the Authorization header. Throws 401. */
  checkToken(request: IncomingMessage): void;
  /** As checkToken, but a browser's WebSocket sends it as a subprotocol. */
  checkStreamToken(request: IncomingMessage): void;
}

/**
 * The three doors every request passes before anything else looks at it: an exact Host (against DNS rebinding), an exact Origin
 * (against other web pages), and the token. `ports` is read at each request because the port is known only once it is bound.
 */
export function createGuard(options: { token: string; port: () => number }): Guard {
  const expected = digest(options.token);
  const hosts = () => ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${options.port()}`);

  return {
    checkCaller(request) {
      const allowed = hosts();
      const host = onlyValue(request, 'host');
      if (host === null || !allowed.includes(host)) {
        throw new ApiError('forbidden', 'This Host is not the control API: use the URL it was started with');
      }
      const origin = onlyValue(request, 'origin');
      if (hasHeader(request, 'origin') && origin !== appOrigin && !allowed.some((name) => origin === `http://${name}`)) {
        throw new ApiError('forbidden', 'Pages of this Origin may not use the control API');
      }
    },
    checkToken(request) {
      const [scheme = '', token = '', ...rest] = (onlyValue(request, 'authorization') ?? '').split(' ');
      if (scheme.toLowerCase() !== 'bearer' || rest.length > 0 || !matches(token)) throw unauthorized();
    },
    checkStreamToken(request) {
      if (hasHeader(request, 'authorization')) return this.checkToken(request);
      const protocols = String(request.headers['sec-websocket-protocol'] ?? '')
        .split(',')
        .map((part) => part.trim());
      const bearer = protocols.filter((part) => part.startsWith('bearer.'));
      if (bearer.length !== 1 || !protocols.includes(streamProtocol) || !matches(bearer[0]!.slice('bearer.'.length))) {
        throw unauthorized();
      }
    },
  };

  /** Hashing first gives equal lengths and a comparison whose time tells nothing about the token. */
  function matches(token: string): boolean {
    return timingSafeEqual(digest(token), expected);
  }
}

function unauthorized(): ApiError {
  return new ApiError('unauthorized', 'The token of this engine is missing or wrong: it is in engine.json in the home folder');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function hasHeader(request: IncomingMessage, name: string): boolean {
  return request.headers[name] !== undefined;
}

/** A header sent exactly once; null when absent or repeated (Node keeps the first and hides the rest). */
function onlyValue(request: IncomingMessage, name: string): string | null {
  let value: string | null = null;
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    if (request.rawHeaders[i]!.toLowerCase() !== name) continue;
    if (value !== null) return null;
    value = request.rawHeaders[i + 1]!;
  }
  return value;
}
