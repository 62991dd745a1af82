import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json; charset=utf-8',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Drydock</title>
<h1>Drydock is running</h1><p>Its user interface has not been built in this checkout: run <code>npm run build</code>.</p></html>`;

/**
 * Serves the built user interface from `root`. No token is needed for it: it holds no secret, and a page cannot set a header before it is
 * loaded. Files outside the root (also through symbolic links) do not exist.
 */
export async function serveStatic(request: IncomingMessage, response: ServerResponse, root: string, port: number): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  for (const [name, value] of securityHeaders(port)) response.setHeader(name, value);
  const pathname = decodePath(request.url ?? '/');
  const file = pathname === null ? null : await findFile(root, pathname);
  if (file === null) {
    const isPage = pathname === '/' || pathname === '/index.html';
    response.writeHead(isPage ? 200 : 404, { 'content-type': isPage ? types['.html'] : types['.txt'] });
    response.end(isPage ? notBuilt : 'Not found\n');
    return;
  }
  const { size } = await stat(file);
  response.writeHead(200, {
    'content-type': types[path.extname(file)] ?? 'application/octet-stream',
    'content-length': size,
    // Built assets carry a hash in their name.
    'cache-control': file.includes(`${path.sep}assets${path.sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache',
  });
  if (request.method === 'HEAD') response.end();
  else
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response);
}

function securityHeaders(port: number): [string, string][] {
  // 'self' covers the page's own address, also [::1], which a policy cannot name.
  const sockets = ['127.0.0.1', 'localhost'].map((name) => `ws://${name}:${port}`).join(' ');
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self' ${sockets}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return [
    ['content-security-policy', policy.join('; ')],
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'no-referrer'],
    ['cross-origin-opener-policy', 'same-origin'],
    ['cross-origin-resource-policy', 'same-origin'],
  ];
}

function decodePath(url: string): string | null {
  try {
    const decoded = decodeURIComponent(url.split(/[?#]/, 1)[0] ?? '/');
    return decoded.includes('\0') || !decoded.startsWith('/') ? null : decoded;
  } catch {
    return null; // a stray %: no such file
  }
}

/** The file for a path, or the page itself for a path without an extension (the page routes on its own). */
async function findFile(root: string, pathname: string): Promise<string | null> {
  const wanted = pathname === '/' || path.extname(pathname) === '' ? '/index.html' : pathname;
  const base = await realPathOrNull(root);
  const real = base && (await realPathOrNull(path.join(base, path.normalize(wanted))));
  if (!base || !real?.startsWith(base + path.sep)) return null;
  return (await stat(real)).isFile() ? real : null;
}

async function realPathOrNull(file: string): Promise<string | null> {
  try {
    return await realpath(file);
  } catch {
    return null; // absent files are the common case and answered with 404
  }
}
