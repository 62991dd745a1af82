// The plain parts of the TCP measurements, each a process of its own.
//   source                  a server that sends as many bytes as the first line asks for, or counts what it gets and answers with the number
//   relay HOST:PORT         the peer: a bare Node relay, two sockets and pipe() both ways
//   hold                    a server that keeps every connection open and echoes
//   held HOST:PORT COUNT    opens COUNT connections, says `open`, answers each line on stdin with {open, closed, echoed}
// Servers print their port first.
import net from 'node:net';
import { createInterface } from 'node:readline';

const [role, target = '', count = '0'] = process.argv.slice(2);
const chunk = Buffer.alloc(64 * 1024, 'drydock ');
const ignore = () => undefined;

/** @param {(socket: net.Socket) => void} onConnection */
function listen(onConnection) {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, onConnection);
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    const address = server.address();
    console.log(typeof address === 'object' && address !== null ? address.port : 0);
  });
}

/** @param {net.Socket} socket @param {number} bytes */
function send(socket, bytes) {
  let left = bytes;
  const more = () => {
    while (left > 0) {
      const piece = left >= chunk.length ? chunk : chunk.subarray(0, left);
      left -= piece.length;
      if (!socket.write(piece)) return;
    }
    socket.off('drain', more);
    socket.end();
  };
  socket.on('drain', more);
  more();
}

/** @param {net.Socket} socket */
function serveSource(socket) {
  socket.on('error', ignore);
  socket.once('data', (first) => {
    const asked = /^send (\d+)\n/.exec(first.toString('latin1'));
    if (asked !== null) {
      send(socket, Number(asked[1]));
      return;
    }
    let received = first.length;
    socket.on('data', (data) => (received += data.length));
    socket.on('end', () => socket.end(String(received)));
  });
}

/** @param {net.Socket} socket */
function relay(socket) {
  const [host = '', port = '0'] = target.split(':');
  const upstream = net.connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
  for (const one of [socket, upstream]) one.on('error', ignore);
  socket.pipe(upstream).pipe(socket);
}

/** Opens a few at a time: a burst of thousands of SYNs measures the kernel's backlog. */
async function hold() {
  const [host = '', port = '0'] = target.split(':');
  /** @type {net.Socket[]} */
  const sockets = [];
  let closed = 0;
  let echoed = 0;
  const open = () =>
    new Promise((resolve) => {
      const socket = net.connect({ host, port: Number(port) });
      sockets.push(socket);
      socket.on('error', ignore);
      socket.on('data', () => {
        echoed++;
        resolve(undefined);
      });
      socket.on('close', () => {
        closed++;
        resolve(undefined);
      });
      // One word there and back: only then is the tunnel really open at both ends.
      socket.write('x');
    });
  let started = 0;
  const worker = async () => {
    while (started++ < Number(count)) await open();
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  const tell = () => console.log(JSON.stringify({ open: sockets.length - closed, closed, echoed }));
  tell();
  createInterface({ input: process.stdin }).on('line', () => {
    const before = echoed;
    for (const socket of sockets) if (!socket.destroyed) socket.write('x');
    const deadline = performance.now() + 30_000;
    const timer = setInterval(() => {
      if (echoed - before < sockets.length - closed && performance.now() < deadline) return;
      clearInterval(timer);
      tell();
    }, 100);
  });
}

if (role === 'source') listen(serveSource);
else if (role === 'relay') listen(relay);
else if (role === 'hold') listen((socket) => socket.on('error', ignore).pipe(socket));
else await hold();
