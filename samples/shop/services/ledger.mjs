// The book of receipts: one line in, one line out, over plain TCP. `NEXT name` answers the next number, `QUIT` says goodbye.
import net from 'node:net';

const numbers = new Map();
const maxLine = 1024;

function answer(line) {
  const [command, name = ''] = line.trim().split(' ');
  if (command === 'QUIT') return null;
  if (command !== 'NEXT' || !/^\w{1,20}$/.test(name)) return '-ERR unknown command';
  numbers.set(name, (numbers.get(name) ?? 0) + 1);
  return `:${numbers.get(name)}`;
}

const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop().slice(0, maxLine);
    for (const line of lines) {
      const reply = answer(line);
      if (reply === null) return socket.end('+BYE\n');
      socket.write(`${reply}\n`);
    }
  });
});
server.listen(process.env.PORT, '127.0.0.1', () => console.log(`ledger listens on 127.0.0.1:${process.env.PORT}`));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
