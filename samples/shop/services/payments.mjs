// Takes the money. POST /charge {user, amount}
// Receipts are numbered by the ledger, over TCP; when it is away they go on by themselves. Two instances run. POST /break on one makes it answer 503 until POST /mend: a sick host among healthy ones.
import net from 'node:net';
import { describeSelf, serve, work } from '../lib/service.mjs';

const instance = process.env.INSTANCE ?? 'a';
let isBroken = false;
let count = 0;

/** @returns {Promise<string>} asks the ledger; rejects when there is no answer in a second */
function nextNumber() {
  const { LEDGER_SERVICE_HOST, LEDGER_SERVICE_PORT } = process.env;
  return new Promise((resolve, reject) => {
    if (!LEDGER_SERVICE_PORT) return reject(new Error('no ledger'));
    const socket = net.connect({ host: LEDGER_SERVICE_HOST, port: Number(LEDGER_SERVICE_PORT) });
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(1_000, () => socket.destroy(new Error('the ledger is silent')));
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('error', reject);
    socket.on('close', () => (text.startsWith(':') ? resolve(text.split('\n')[0].slice(1)) : reject(new Error('cut'))));
    socket.end('NEXT receipt\nQUIT\n');
  });
}

serve('payments', {
  'POST /charge': async ({ body }) => {
    await work(18);
    const servedBy = `${describeSelf('payments')} ${instance}`;
    if (isBroken) return { status: 503, json: { error: 'the card terminal does not answer', servedBy } };
    count += 1;
    const number = await nextNumber().catch(() => `${instance.toUpperCase()}${count}`);
    return { status: 201, json: { receipt: `R-${String(number).padStart(5, '0')}`, amount: body?.amount ?? 0, servedBy } };
  },
  'POST /break': () => {
    isBroken = true;
    return { instance, isBroken };
  },
  'POST /mend': () => {
    isBroken = false;
    return { instance, isBroken };
  },
});
