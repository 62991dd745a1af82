import type { ScenarioLoad } from '../../api/scenario.schema.ts';
import { frameGrpcMessage } from '../../shared/grpc-message.ts';

/** Where a load enters the mesh: a sidecar's outbound port, or the ingress. */
export interface LoadEntry {
  host: string;
  port: number;
}

/** One of a load's requests, ready to be sent. */
export interface Sendable {
  method: string;
  authority: string;
  path: string;
  /** Lower-case names, without host. */
  headers: Record<string, string>;
  body: Buffer | null;
}

/** Sends requests over one protocol, over connections that it opens and keeps. */
export interface LoadWire {
  /** `onEnd` is told once: the status of a whole answer, or 0 and why none came. */
  send(request: Sendable, traceparent: string, onEnd: (status: number, error: string) => void): LoadCall;
  close(): void;
}

/** A request under way. */
export interface LoadCall {
  cut(why: string): void;
}

/** `message`: of a gRPC request, encoded; the request's own body otherwise. */
export function sendable(
  { method, url, headers, body }: ScenarioLoad['requests'][number],
  protocol: ScenarioLoad['protocol'],
  message: Uint8Array | null,
): Sendable {
  const [, authority = '', path = '/'] = /^http:\/\/([^/]+)(\/.*)?$/.exec(url) ?? [];
  const all: Record<string, string> = { 'user-agent': 'drydock-scenario', ...lowerCased(headers) };
  delete all.host;
  if (protocol === 'grpc') {
    const grpc = { 'content-type': 'application/grpc', te: 'trailers' };
    return {
      method: 'POST',
      authority,
      path,
      headers: { ...all, ...grpc },
      body: frameGrpcMessage(message ?? new Uint8Array(0)),
    };
  }
  const content = body === undefined ? null : Buffer.from(body);
  if (content !== null) all['content-length'] = String(content.length);
  return { method, authority, path, headers: all, body: content };
}

/** One name each, whatever the case: a header twice would be sent twice. */
function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
