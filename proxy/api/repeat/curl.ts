import { quoteForShell } from '../shell-quote.ts';
import { hasHeader, type Repeatable } from './repeatable.ts';

/** Linux takes 128 KiB in one argument; a pipe takes any length. */
const maxArgumentChars = 100_000;

/**
 * The request as a command for any POSIX shell, byte by byte as it was: to the same door of the mesh, with `Host` telling who is meant. It says
 * nothing that curl would change on its own: no globs, no path made simpler, no content type nobody sent.
 */
export function toCurl(request: Repeatable): string {
  const { method, entry, authority, path, headers, body } = request;
  const isHead = method === 'HEAD';
  const parts = [`curl -i${isHead ? ' --head' : ''}${request.answer.stream ? ' -N' : ''}`];
  if (!isHead && (method !== 'GET' || body)) parts.push(`-X ${quoteForShell(method)}`);
  parts.push(...protocolOptions(request));
  if (entry !== '') parts.push(`-H ${quoteForShell(`Host: ${authority}`)}`);
  for (const [name, value] of headers) parts.push(`-H ${quoteForShell(value === '' ? `${name};` : `${name}: ${value}`)}`);
  if (body && !hasHeader(request, 'content-type')) parts.push(`-H 'Content-Type:'`);
  if (request.answer.packed) parts.push('--compressed');
  const piped = body && ('base64' in body || body.text.length > maxArgumentChars);
  if (body) parts.push(piped ? '--data-binary @-' : `--data-raw ${quoteForShell((body as { text: string }).text)}`);
  if (/[[\]{}]/.test(path)) parts.push('--globoff');
  if (/\/\.{1,2}(\/|$|\?)/.test(path)) parts.push('--path-as-is');
  // What is no path (`*`), or would be cut off by curl as a fragment, is sent as it stands.
  const odd = !path.startsWith('/') || path.includes('#');
  if (odd) parts.push(`--request-target ${quoteForShell(path)}`);
  parts.push(quoteForShell(`${entry || `http://${authority}`}${odd ? '/' : path}`));
  return `${piped ? sourceOf(body) : ''}${parts.join(' \\\n  ')}`;
}

/** What goes into the pipe. printf is part of the shell: no argument is too long for it. */
function sourceOf(body: NonNullable<Repeatable['body']>): string {
  return 'base64' in body
    ? `printf %s ${quoteForShell(body.base64)} | base64 -d |\n`
    : `printf %s ${quoteForShell(body.text)} |\n`;
}

function protocolOptions({ protocol }: Repeatable): string[] {
  if (protocol === 'gRPC') return ['--http2-prior-knowledge', `-H 'te: trailers'`, '--output -'];
  if (protocol === 'HTTP/2') return ['--http2-prior-knowledge'];
  if (protocol !== 'WebSocket') return [];
  const handshake = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${someKey}`];
  return ['--http1.1', '-N', ...handshake.map((header) => `-H ${quoteForShell(header)}`)];
}

/** Any sixteen bytes do. */
const someKey = 'ZHJ5ZG9jay1yZXBlYXRlZA==';
