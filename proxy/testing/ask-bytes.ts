import type { Socket } from 'node:net';

/** What comes back for some bytes, until there is as much as `wanted`; '' when the connection was closed without any. */
export function askBytes(socket: Socket, bytes: Buffer, wanted: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const done = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.length >= wanted) done();
    });
    socket.on('close', done);
    socket.on('error', done);
    socket.write(bytes);
  });
}
