// A gRPC service by hand: node:http2 and five bytes before each message. quotes.Quotes/Get answers one quote, /Watch one every 200 ms, five times.
import http2 from 'node:http2';
import { setTimeout as wait } from 'node:timers/promises';

const quotes = [
  'Smooth seas never made a skilled sailor.',
  'A ship in harbour is safe.',
  'One hand for yourself, one for the ship.',
];
let asked = 0;

function frame(text) {
  const message = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const next = () => frame(quotes[asked++ % quotes.length]);

const server = http2.createServer();
server.on('sessionError', () => undefined);
server.on('stream', async (stream, headers) => {
  stream.on('error', () => undefined);
  stream.resume();
  const method = headers[':path'];
  if (method !== '/quotes.Quotes/Get' && method !== '/quotes.Quotes/Watch') {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' }, { endStream: true });
    return;
  }
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.write(next());
  for (let n = 1; method.endsWith('Watch') && n < 5 && !stream.destroyed; n++) {
    await wait(200);
    if (!stream.destroyed) stream.write(next());
  }
  if (!stream.destroyed) stream.end();
});
server.listen(process.env.PORT, '127.0.0.1');
