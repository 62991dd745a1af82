/**
 * What HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/) demands and a document does not keep to, one sentence each. For tests: readers
 * differ in what they forgive.
 */
export function checkHar(document: unknown): string[] {
  const wrong: string[] = [];
  const log = part(part(document).log);
  need(wrong, log, 'log', { version: 'string', creator: 'object', entries: 'array' });
  need(wrong, part(log.creator), 'log.creator', { name: 'string', version: 'string' });
  for (const [i, entry] of list(log.entries).entries()) checkEntry(wrong, part(entry), `entries[${i}]`);
  return wrong;
}

type Part = Record<string, unknown>;
type Kind = 'string' | 'number' | 'object' | 'array' | 'integer';

const part = (value: unknown): Part => (typeof value === 'object' && value !== null ? (value as Part) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function need(wrong: string[], object: Part, at: string, fields: Record<string, Kind>): void {
  for (const [name, kind] of Object.entries(fields)) {
    const value = object[name];
    const isRight =
      kind === 'array'
        ? Array.isArray(value)
        : kind === 'integer'
          ? Number.isInteger(value)
          : kind === 'number'
            ? typeof value === 'number' && Number.isFinite(value)
            : typeof value === kind && value !== null;
    if (!isRight) wrong.push(`${at}.${name} is no ${kind}`);
  }
}

function checkEntry(wrong: string[], entry: Part, at: string): void {
  need(wrong, entry, at, {
    startedDateTime: 'string',
    time: 'number',
    request: 'object',
    response: 'object',
    cache: 'object',
    timings: 'object',
  });
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(String(entry.startedDateTime)))
    wrong.push(`${at}.startedDateTime is not ISO 8601`);
  const request = part(entry.request);
  const response = part(entry.response);
  const both = {
    httpVersion: 'string',
    cookies: 'array',
    headers: 'array',
    headersSize: 'integer',
    bodySize: 'integer',
  } as const;
  need(wrong, request, `${at}.request`, { ...both, method: 'string', url: 'string', queryString: 'array' });
  need(wrong, response, `${at}.response`, {
    ...both,
    status: 'integer',
    statusText: 'string',
    content: 'object',
    redirectURL: 'string',
  });
  if (request.postData !== undefined)
    need(wrong, part(request.postData), `${at}.request.postData`, { mimeType: 'string', text: 'string' });
  for (const [side, message] of [
    ['request', request],
    ['response', response],
  ] as const) {
    for (const name of ['headers', 'cookies', 'queryString'])
      for (const one of list(message[name])) need(wrong, part(one), `${at}.${side}.${name}`, { name: 'string', value: 'string' });
  }
  checkContent(wrong, part(response.content), Number(response.bodySize), `${at}.response.content`);
  checkTimings(wrong, part(entry.timings), Number(entry.time), `${at}.timings`);
  if (
    entry.serverIPAddress !== undefined &&
    /[[\]]|:\d+$/.test(String(entry.serverIPAddress)) &&
    !String(entry.serverIPAddress).includes('::')
  )
    wrong.push(`${at}.serverIPAddress is no address`);
}

function checkContent(wrong: string[], content: Part, bodySize: number, at: string): void {
  need(wrong, content, at, { size: 'integer', mimeType: 'string' });
  if (content.compression !== undefined && content.compression !== Number(content.size) - bodySize)
    wrong.push(`${at}.compression is not size less bodySize`);
  if (content.encoding !== undefined && content.encoding !== 'base64')
    wrong.push(`${at}.encoding is ${String(content.encoding)}`);
}

/** send, wait and receive are not optional; the others are -1 when they do not apply; connect includes ssl; time is their sum without ssl. */
function checkTimings(wrong: string[], timings: Part, time: number, at: string): void {
  need(wrong, timings, at, { send: 'number', wait: 'number', receive: 'number' });
  const ms = (name: string) => (typeof timings[name] === 'number' ? timings[name] : -1);
  for (const name of ['send', 'wait', 'receive']) if (ms(name) < 0) wrong.push(`${at}.${name} is negative`);
  for (const name of ['blocked', 'dns', 'connect', 'ssl'])
    if (ms(name) < 0 && ms(name) !== -1) wrong.push(`${at}.${name} is negative`);
  if (ms('ssl') > 0 && ms('ssl') > ms('connect')) wrong.push(`${at}.ssl is longer than connect`);
  const sum = ['blocked', 'dns', 'connect', 'send', 'wait', 'receive'].reduce((total, name) => total + Math.max(0, ms(name)), 0);
  if (Math.abs(sum - time) > 1e-6 * Math.max(1, time)) wrong.push(`${at} sum to ${sum}, time is ${time}`);
}
