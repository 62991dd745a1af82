import type { Repeatable } from './repeatable.ts';

/**
 * For Node, whose fetch does not let a program set `Host`: a service's own requests go through its sidecar as a proxy, which Node takes from its
 * environment; those from outside name the service in the address, as `*.localhost` is this machine.
 */
export function toFetch(request: Repeatable): string {
  const { method, entry, outside, headers, body } = request;
  const options = [
    `method: ${JSON.stringify(method)}`,
    ...(headers.length > 0 ? [`headers: ${headersText(headers)}`] : []),
    ...(body ? [`body: ${bodyText(body)}`] : []),
  ];
  const note = entry === '' || outside ? '' : `// Run with HTTP_PROXY=${entry} NODE_USE_ENV_PROXY=1\n`;
  return `${note}await fetch(${JSON.stringify(urlOf(request))}, {\n${options.map((line) => `  ${line},\n`).join('')}});`;
}

function urlOf({ entry, outside, authority, path }: Repeatable): string {
  if (!outside || entry === '') return `http://${authority}${path}`;
  const [host = ''] = authority.split(':');
  return host.endsWith('.localhost') ? `http://${host}:${new URL(entry).port}${path}` : `${entry}${path}`;
}

/** An object where no name comes twice, as people write it. */
function headersText(pairs: readonly (readonly [string, string])[]): string {
  const once = new Set(pairs.map(([name]) => name.toLowerCase())).size === pairs.length;
  const lines = pairs.map(([name, value]) =>
    once ? `${JSON.stringify(name)}: ${JSON.stringify(value)}` : JSON.stringify([name, value]),
  );
  const [open, close] = once ? '{}' : '[]';
  return `${open}\n${lines.map((line) => `    ${line},\n`).join('')}  ${close}`;
}

/** As bytes: for a string fetch would add a content type. */
function bodyText(body: NonNullable<Repeatable['body']>): string {
  return 'base64' in body
    ? `Buffer.from(${JSON.stringify(body.base64)}, 'base64')`
    : `new TextEncoder().encode(${JSON.stringify(body.text)})`;
}
