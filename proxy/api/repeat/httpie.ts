import { quoteForShell } from '../shell-quote.ts';
import { hasHeader, type Repeatable } from './repeatable.ts';

/** https://httpie.io/docs: `Name:value`, where a value that begins with =, @ or : would be read as something else. */
export function toHttpie(request: Repeatable): string {
  const { method, entry, authority, path, headers, body } = request;
  const parts = ['http', ...(body ? [] : ['--ignore-stdin'])];
  if (request.answer.stream) parts.push('--stream');
  if (/\/\.{1,2}(\/|$|\?)/.test(path)) parts.push('--path-as-is');
  parts.push(quoteForShell(method), quoteForShell(`${entry || `http://${authority}`}${path}`));
  if (entry !== '') parts.push(quoteForShell(`Host:${authority}`));
  for (const [name, value] of headers) parts.push(quoteForShell(value === '' ? `${name};` : `${name}:${escaped(value)}`));
  if (body && !hasHeader(request, 'content-type')) parts.push('Content-Type:');
  if (!body) return parts.join(' ');
  const source = 'base64' in body ? `${quoteForShell(body.base64)} | base64 -d` : quoteForShell(body.text);
  return `printf %s ${source} | ${parts.join(' ')}`;
}

const escaped = (value: string) => (/^[=@:]/.test(value) ? `\\${value}` : value);
