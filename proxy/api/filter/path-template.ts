const idPattern = /^(\d+|[0-9a-f]{8}-[0-9a-f-]{27}|(?=.*\d)[0-9a-f]{8,}|[^/]*[-_.:]\d+|(?=.*\d)[\w~.-]{20,})$/i;

/** The path without its query and with `*` for parts that look like ids: numbers, UUIDs, hexadecimal, `guest-17`, long tokens with digits. */
export function templateOf(path: string): string {
  const end = path.indexOf('?');
  const plain = end < 0 ? path : path.slice(0, end);
  return plain
    .split('/')
    .map((part) => (idPattern.test(part) ? '*' : part))
    .join('/');
}

/** Whether a path is of a template, part by part; the query does not count. */
export function fitsTemplate(path: string, template: string): boolean {
  const end = path.indexOf('?');
  const parts = (end < 0 ? path : path.slice(0, end)).split('/');
  const wanted = template.split('/');
  return parts.length === wanted.length && wanted.every((part, index) => part === '*' || part === parts[index]);
}
