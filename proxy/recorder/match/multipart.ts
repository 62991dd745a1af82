import { boundaryOf } from './mask.ts';

/** Parts of a multipart body: their names (or numbers, where they have none) and contents. None when it is no such body. */
export function partsOf(body: string): { name: string; body: string }[] {
  const boundary = boundaryOf(body);
  if (boundary === null) return [];
  return body
    .split(boundary)
    .slice(1, -1)
    .map((part, i) => {
      const end = part.indexOf('\r\n\r\n');
      const name = /name="([^"]*)"/i.exec(part.slice(0, end))?.[1] ?? String(i + 1);
      return { name, body: part.slice(end + 4).replace(/\r\n$/, '') };
    });
}
