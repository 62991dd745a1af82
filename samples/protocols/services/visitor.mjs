// Every half second: asks `quotes` over gRPC, counts the answer's first word at `counter` over TCP. GET / tells how it went.
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';

const { PORT, QUOTES_SERVICE_HOST, QUOTES_SERVICE_PORT, COUNTER_SERVICE_HOST, COUNTER_SERVICE_PORT } = process.env;
const told = { quotes: 0, counted: 0, failures: 0, last: '' };

function askQuote() {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`http://${QUOTES_SERVICE_HOST}:${QUOTES_SERVICE_PORT}`);
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/quotes.Quotes/Get',
      ':authority': 'quotes:9090',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks = [];
    let status = '';
    const note = (headers) => {
      status = headers['grpc-status'] ?? status;
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      session.close();
      if (status === '0') resolve(Buffer.concat(chunks).subarray(5).toString());
      else reject(new Error(`grpc-status ${status}`));
    });
    stream.end(Buffer.alloc(5));
  });
}

function count(word) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: COUNTER_SERVICE_HOST, port: COUNTER_SERVICE_PORT });
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(5000, () => socket.destroy(new Error('counter is silent')));
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('error', reject);
    socket.on('close', () => (text.startsWith(':') ? resolve(text.split('\n')[0].slice(1)) : reject(new Error('cut'))));
    socket.end(`INCR ${word}\nQUIT\n`);
  });
}

async function visit() {
  try {
    const quote = await askQuote();
    told.quotes++;
    const [word] = quote.split(' ');
    told.last = `${quote} (${word} × ${await count(word)})`;
    told.counted++;
  } catch (error) {
    told.failures++;
    told.last = error.message;
  }
  setTimeout(visit, 500);
}

http.createServer((_request, response) => response.end(JSON.stringify(told))).listen(PORT, '127.0.0.1', visit);
