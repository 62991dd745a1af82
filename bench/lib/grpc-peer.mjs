// Both ends of the gRPC measurement, each a process of its own: bare node:http2, so that they cost less than what stands between them.
//   server                                        prints its port
//   load host:port authority seconds concurrency connections   prints {calls, failures, p50Ms, p99Ms} as JSON
import http2 from 'node:http2';

/** One message as gRPC frames it: not compressed, four bytes of length. @param {Buffer} message */
function framed(message) {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return frame;
}
const ask = framed(Buffer.from('{"product":"lantern","full":true}'));
const answer = framed(Buffer.from('{"product":"lantern","stars":5,"reviews":["sturdy","bright"]}'));
const answerHead = { ':status': 200, 'content-type': 'application/grpc' };

function serve() {
  const server = http2.createServer({ settings: { maxConcurrentStreams: 1000 } });
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.on('end', () => {
      stream.respond(answerHead, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(answer);
    });
    stream.resume();
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    console.log(typeof address === 'object' && address !== null ? address.port : 0);
  });
}

/** @param {string} address @param {string} authority @param {number} seconds @param {number} concurrency @param {number} connections */
async function load(address, authority, seconds, concurrency, connections) {
  const head = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': '/echo.Echo/Unary',
    ':authority': authority,
    'content-type': 'application/grpc',
    'user-agent': 'grpc-bench/1.0',
    te: 'trailers',
  };
  const sessions = Array.from({ length: connections }, () => http2.connect(`http://${address}`));
  /** @type {number[]} */
  const times = [];
  let failures = 0;
  const until = performance.now() + seconds * 1000;
  /** @param {http2.ClientHttp2Session} session @returns {Promise<void>} */
  const call = (session) =>
    new Promise((resolve) => {
      const startedAt = performance.now();
      let status = '';
      const stream = session.request(head);
      stream.on('response', (headers) => (status = String(headers['grpc-status'] ?? status)));
      stream.on('trailers', (headers) => (status = String(headers['grpc-status'] ?? status)));
      stream.on('error', () => undefined);
      stream.on('close', () => {
        times.push(performance.now() - startedAt);
        if (status !== '0') failures++;
        resolve();
      });
      stream.resume();
      stream.end(ask);
    });
  const startedAt = performance.now();
  const workers = Array.from({ length: concurrency }, async (_, n) => {
    const session = sessions[n % connections];
    while (session !== undefined && performance.now() < until) await call(session);
  });
  await Promise.all(workers);
  const took = (performance.now() - startedAt) / 1000;
  for (const session of sessions) session.close();
  times.sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => times[Math.floor((times.length - 1) * share)] ?? 0;
  console.log(JSON.stringify({ calls: times.length, seconds: took, failures, p50Ms: at(0.5), p99Ms: at(0.99) }));
}

const [role, address = '', authority = '', seconds = '5', concurrency = '50', connections = '1'] = process.argv.slice(2);
if (role === 'server') serve();
else await load(address, authority, Number(seconds), Number(concurrency), Number(connections));
