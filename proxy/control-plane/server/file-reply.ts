import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** An answer that is a file, sent while it is made. */
export class FileReply {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  constructor(name: string, contentType: string, bytes: AsyncIterable<Uint8Array>) {
    this.name = name;
    this.contentType = contentType;
    this.bytes = bytes;
  }
}

/** Resolves when all of it is on its way. A file that fails half-way ends the connection: a short answer must not pass for a whole one. */
export async function sendFile(response: ServerResponse, { name, contentType, bytes }: FileReply): Promise<void> {
  const plain = name.replace(/[^\w.+ -]/g, '_');
  response.writeHead(200, {
    'content-type': contentType,
    'content-disposition': `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name)}`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  await pipeline(Readable.from(bytes), response);
}
