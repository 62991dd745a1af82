// Counts words, one command a line: `INCR word` answers the new number, `GET word` the number, `QUIT` says goodbye.
import net from 'node:net';

const numbers = new Map();

function answer(line) {
  const [command, word = ''] = line.trim().split(' ');
  switch (command.toUpperCase()) {
    case 'INCR':
      numbers.set(word, (numbers.get(word) ?? 0) + 1);
      return `:${numbers.get(word)}`;
    case 'GET':
      return `:${numbers.get(word) ?? 0}`;
    case 'QUIT':
      return null;
    default:
      return '-ERR unknown command';
  }
}

const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('data', (text) => {
    const lines = (rest + text).split('\n');
    // A line that never ends is nobody's word.
    rest = lines.pop().slice(0, 1024);
    for (const line of lines) {
      const reply = answer(line);
      if (reply === null) return socket.end('+BYE\n');
      socket.write(`${reply}\n`);
    }
  });
});
server.listen(process.env.PORT, '127.0.0.1');
