import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

/** Tells whether the process at the other end of a loopback connection still holds its socket. */
export type PeerProbe = (socket: Socket) => Promise<'open' | 'gone' | 'unknown'>;

/** `127.0.0.1:80` as /proc/net/tcp writes it: address in host byte order, port, both hexadecimal. */
function procAddress(address: string, port: number): string {
  const octets = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
  return `${octets.reverse().join('')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

/** The kernel's socket tables as text, IPv4 and IPv6. Clients that leave together share a read: each is judged by one begun after it asked. */
class SocketTables {
  #waiting: ((tables: string[]) => void)[] = [];
  #reading = false;

  read(): Promise<string[]> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#reading) void this.#serve();
    });
  }

  async #serve(): Promise<void> {
    this.#reading = true;
    while (this.#waiting.length > 0) {
      const served = this.#waiting;
      this.#waiting = [];
      const tables = await Promise.all(
        ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'latin1').catch(() => '')),
      );
      for (const resolve of served) resolve(tables);
    }
    this.#reading = false;
  }
}

/**
 * A FIN alone does not say whether the client only finished sending (half-close: it still wants its answer) or is gone (`close()` sends the
 * same FIN). On Linux the kernel's socket table tells: a closed socket has no inode. Elsewhere, and for clients outside this network
 * namespace, the answer is `unknown`, and the caller does as Envoy: a FIN is a disconnect.
 */
export function createPeerProbe(): PeerProbe {
  const tables = new SocketTables();
  return async (socket) => {
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    if (process.platform !== 'linux' || remoteAddress === undefined || remotePort === undefined) return 'unknown';
    const remote = remoteAddress.replace(/^::ffff:/, '');
    const local = (localAddress ?? '').replace(/^::ffff:/, '');
    if (!remote.includes('.') || localPort === undefined) return 'unknown';
    const theirs = procAddress(remote, remotePort);
    const ours = procAddress(local, localPort);
    const first = stateOf(await tables.read(), theirs, ours);
    if (first !== 'missing') return first;
    // The table changes while it is read: ends that are missing are looked for twice.
    return stateOf(await tables.read(), theirs, ours) === 'missing' ? 'gone' : 'unknown';
  };
}

/** A reset takes both ends out of the table; ours alone is there when the peer lives in another network namespace. */
function stateOf([v4 = '', v6 = '']: string[], theirs: string, ours: string): 'open' | 'gone' | 'unknown' | 'missing' {
  const state = stateIn(v4, `${theirs} ${ours}`) ?? stateIn(v6, `${theirs} 0000000000000000FFFF0000${ours}`);
  if (state !== null) return state;
  const ourEnd = v4.includes(`${ours} ${theirs}`) || v6.includes(`${ours} 0000000000000000FFFF0000${theirs}`);
  return ourEnd || v4 === '' ? 'unknown' : 'missing';
}

function stateIn(rows: string, connection: string): 'open' | 'gone' | null {
  const at = rows.indexOf(connection);
  if (at === -1) return null;
  const columns = rows.slice(at, rows.indexOf('\n', at)).trim().split(/\s+/);
  // local, remote, state, queues, timer, retransmits, uid, timeout, inode
  return columns[8] === '0' ? 'gone' : 'open';
}
