// The help desk: a WebSocket at /chat. Questions are JSON texts; whoever asks about charts gets a sketch, in binary.
import http from 'node:http';
import { acceptWebSocket } from '../lib/websocket.mjs';

const pingMs = 10_000;
const answers = {
  rope: 'Tarred hemp, fifty metres the coil. It holds.',
  compass: 'Swing it once a year and it will not lie to you.',
  lantern: 'Nine hours on one filling, less if you read by it.',
  charts: 'Corrected to this month. Here is the harbour mouth.',
  open: 'From eight bells to sunset, tide permitting.',
};
const peers = new Set();

const server = http.createServer((_request, response) => response.end('{"status":"ok"}'));
server.on('upgrade', (request, socket, head) => {
  const peer = acceptWebSocket(request, socket, head);
  peers.add(peer);
  peer.onClose = () => peers.delete(peer);
  peer.onText = (text) => answer(peer, text);
  peer.send('text', JSON.stringify({ from: 'desk', text: 'Ahoy. What do you need?' }));
});

function answer(peer, text) {
  let asked = '';
  try {
    asked = String(JSON.parse(text).text ?? '').toLowerCase();
  } catch {
    peer.send('text', JSON.stringify({ from: 'desk', error: 'that was no JSON' }));
    return;
  }
  const topic = Object.keys(answers).find((word) => asked.includes(word));
  setTimeout(() => {
    peer.send('text', JSON.stringify({ from: 'desk', text: answers[topic] ?? 'Ask the harbour master.', topic: topic ?? null }));
    if (topic === 'charts') peer.send('binary', sketch());
  }, 150);
}

/** Soundings in decimetres, two bytes each. */
function sketch() {
  const depths = Buffer.alloc(64);
  for (let at = 0; at < 32; at++) depths.writeUInt16BE(40 + Math.round(30 * Math.sin(at / 5)), at * 2);
  return depths;
}

setInterval(() => {
  for (const peer of peers) peer.send('ping', 'still there?');
}, pingMs).unref();
server.listen(process.env.PORT, '127.0.0.1', () => console.log(`desk listens on 127.0.0.1:${process.env.PORT}`));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
