import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** The page's origin. A scheme of our own, so that the page has no rights of file:// and one exact Origin for the engine to know. */
export const appScheme = 'app';
export const appOrigin = 'app://drydock';

/** Also sent for pages whose HTML has a policy of its own; both hold. Styles may be inline because React sets style attributes. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  'connect-src http://127.0.0.1:* ws://127.0.0.1:*',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.map': 'application/json; charset=utf-8',
};

/**
 * Answers app://drydock/… from a folder. Only GET, only this host, only files inside the folder; an address without an extension is
 * a screen, so it gets index.html.
 */
export function createAppHandler(folder: string): (request: { method: string; url: string }) => Promise<Response> {
  const base = path.resolve(folder);
  return async ({ method, url }) => {
    const { host, pathname } = new URL(url);
    if (host !== 'drydock' || method !== 'GET') return refuse(405);
    const file = locate(base, pathname);
    if (file === null) return refuse(404);
    let content: Buffer;
    try {
      content = await readFile(file);
    } catch (error) {
      const isPage = path.extname(file) === '.html';
      return isPage ? missingPage(base) : refuse((error as NodeJS.ErrnoException).code === 'ENOENT' ? 404 : 500);
    }
    return new Response(new Uint8Array(content), {
      headers: { ...securityHeaders, 'content-type': contentTypes[path.extname(file)] ?? 'application/octet-stream' },
    });
  };
}

const securityHeaders = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

/** null when the path would leave the folder or cannot be decoded. */
function locate(base: string, pathname: string): string | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return null; // a malformed escape names no file
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return null;
  const target = path.resolve(base, `.${path.posix.normalize(`/${decoded}`)}`);
  if (target !== base && !target.startsWith(base + path.sep)) return null;
  return path.extname(target) === '' ? path.join(base, 'index.html') : target;
}

function refuse(status: number): Response {
  return new Response(null, { status, headers: securityHeaders });
}

function missingPage(base: string): Response {
  const text = `<!doctype html><title>Drydock</title><p>The app's page is not built: ${base} has no index.html.`;
  return new Response(text, {
    status: 200,
    headers: { ...securityHeaders, 'content-type': contentTypes['.html'] ?? 'text/html' },
  });
}
