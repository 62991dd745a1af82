import { HeaderMap, joinInline } from './header-map.ts';

/** Fields of an HTTP/2 head or trailers (a list that becomes the map's); cookies that were split are joined again (RFC 9113 §8.2.3). */
export function fromHttp2Fields(list: string[], kind: 'request' | 'response'): HeaderMap {
  let cookieAt = -1;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] !== 'cookie') continue;
    if (cookieAt === -1) cookieAt = i;
    else {
      list[cookieAt + 1] += `; ${list[i + 1]}`;
      list.splice(i, 2);
      i -= 2;
    }
  }
  joinInline(list, kind);
  return new HeaderMap(list);
}
