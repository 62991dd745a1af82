import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../testing/listen.ts';
import { patienceMs } from '../testing/patience.ts';
import { badRequests, oddRequests } from './cases/hardening.ts';
import { meshText } from './documents.ts';
import { startMesh, type TestMesh } from './mesh.ts';
import type { Target } from './send.ts';

/* Bad input as bytes through the real outbound listener and the real ingress, in front of an app that counts what reaches it. */

let mesh: TestMesh;
let app: net.Server;
/** What the next connection of the app does; default: answers 200 to everything. */
let script: ((socket: net.Socket, bytes: Buffer) => void) | null = null;
let heads: string[] = [];
let closedByProxy = 0;

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

beforeAll(async () => {
  app = net.createServer((socket) => {
    socket.on('data', (bytes) => {
      heads.push(bytes.toString('latin1'));
      if (script !== null) script(socket, bytes);
      else socket.write(ok);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      closedByProxy++;
    });
  });
  const port = await listen(app);
  mesh = await startMesh(
    meshText({ services: [{ name: 'app', port: 9080, workloads: [{ address: `127.0.0.1:${port}` }] }] }, [
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'ServiceEntry',
        metadata: { name: 'raw', namespace: 'default' },
        spec: {
          hosts: ['raw.case'],
          location: 'MESH_EXTERNAL',
          resolution: 'STATIC',
          ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
          endpoints: [{ address: '127.0.0.1', ports: { http: port } }],
        },
      },
    ]),
  );
});
afterAll(async () => {
  await mesh?.close();
  app?.close();
});

interface Answer {
  status: number;
  text: string;
  closed: boolean;
}

/** Sends bytes and collects what comes back until the connection closes or nothing more comes for a while. */
function exchange(target: Target, bytes: string, quietMs = 1_000): Promise<Answer> {
  return new Promise((resolve) => {
    let text = '';
    let timer: NodeJS.Timeout | null = null;
    const socket = net.connect(target.port, target.host);
    const done = (closed: boolean): void => {
      if (timer !== null) clearTimeout(timer);
      socket.destroy();
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text, closed });
    };
    const wait = (): void => {
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(() => done(false), text === '' ? 15_000 : quietMs);
    };
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      wait();
    });
    socket.on('end', () => done(true));
    socket.on('error', () => done(true));
    socket.write(Buffer.from(bytes, 'latin1'));
    wait();
  });
}

const places: [string, () => Target, string][] = [
  ['outbound', () => mesh.outbound('app-x-0'), 'raw.case'],
  ['ingress', () => mesh.ingress(), 'app.localhost'],
];

for (const [place, target, host] of places) {
  describe(`must be refused at the ${place}`, () => {
    for (const { row, name, bytes, statuses } of badRequests) {
      test.concurrent(`${row}: ${name}`, async () => {
        const marker = `x-mark: ${place}-${row}-${name.replace(/[^\w]/g, '-')}`;
        const answer = await exchange(
          target(),
          bytes.replaceAll('$H', host).replace('HTTP/1.1\r\n', `HTTP/1.1\r\n${marker}\r\n`),
        );
        expect(statuses, answer.text.slice(0, 200)).toContain(answer.status);
        expect(answer.closed).toBe(true);
        // A body may fail only after its head went on; then the app must have seen a cut, not a request.
        if (![10, 11, 12, 13, 14].includes(row)) expect(heads.filter((head) => head.includes(marker))).toEqual([]);
      });
    }
  });
  describe(`odd but proper at the ${place}`, () => {
    for (const { row, name, bytes, status } of oddRequests) {
      test(`${row}: ${name}`, async () => expect((await exchange(target(), bytes.replaceAll('$H', host))).status).toBe(status));
    }
  });
}

describe('requests', () => {
  test('20: absolute-form is routed by its target and Host is rewritten', async () => {
    heads = [];
    await exchange(mesh.outbound('app-x-0'), 'GET http://raw.case/abs HTTP/1.1\r\nHost: other\r\n\r\n');
    expect(heads.join()).toMatch(/^GET \/abs HTTP\/1\.1\r\nhost: raw\.case\r\n/);
  });

  test.each(['__proto__', 'constructor', 'toString'])(
    '25: a host called %s is unknown like any other, and harms nobody',
    async (host) => {
      const ask = (target: Target, to: string) => exchange(target, `GET / HTTP/1.1\r\nHost: ${to}\r\nConnection: close\r\n\r\n`);
      expect((await ask(mesh.outbound('app-x-0'), host)).status).toBe(503);
      expect((await ask(mesh.ingress(), host)).status).toBe(404);
      const told = await mesh.api(`/exchanges?reporter=gateway&limit=1`);
      expect(JSON.stringify(told)).toContain('exchanges');
      expect((await ask(mesh.ingress(), 'app.localhost')).status).toBe(200);
    },
  );

  test('the codec’s own answers look as Envoy’s do: date, server, connection: close', async () => {
    const big = `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`;
    const rows: [number, string, string][] = [
      [400, 'Bad Request', 'GET / HTTP/1.1\r\nHost: a\r\nbad header: x\r\n\r\n'],
      [426, 'Upgrade Required', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n'],
      [431, 'Request Header Fields Too Large', big],
    ];
    for (const [status, body, bytes] of rows) {
      const { text } = await exchange(mesh.outbound('app-x-0'), bytes);
      expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(text).toMatch(/\r\ndate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
      expect(text).toContain('\r\nserver: envoy\r\nconnection: close\r\n');
      expect(text.endsWith(`\r\n\r\n${body}`)).toBe(true);
    }
  });

  test('30: 50 pipelined requests are answered in order', async () => {
    const request = (n: number) => `GET /${n} HTTP/1.1\r\nHost: raw.case\r\n\r\n`;
    const delays = (socket: net.Socket, bytes: Buffer): void => {
      const path = /GET (\S+)/.exec(bytes.toString('latin1'))?.[1] ?? '';
      setTimeout(
        () => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${path.length}\r\n\r\n${path}`),
        Number(path.slice(1)) % 7,
      );
    };
    script = delays;
    const answer = await exchange(mesh.outbound('app-x-0'), Array.from({ length: 50 }, (_, n) => request(n)).join(''), 1_000);
    script = null;
    expect([...answer.text.matchAll(/\r\n\r\n\/(\d+)/g)].map((m) => Number(m[1]))).toEqual(
      Array.from({ length: 50 }, (_, n) => n),
    );
  });

  test('28: an early 401 to Expect: 100-continue is relayed, and the connection closes', async () => {
    script = (socket) => socket.write('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n');
    const answer = await exchange(
      mesh.outbound('app-x-0'),
      'POST / HTTP/1.1\r\nHost: raw.case\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
    );
    script = null;
    expect([answer.status, answer.closed]).toEqual([401, true]);
  });

  test('35: 50 of 50 client aborts reach the upstream within a second', async () => {
    script = () => undefined;
    closedByProxy = 0;
    heads = [];
    const sockets = Array.from({ length: 50 }, () => {
      const socket = net.connect(mesh.outbound('app-x-0').port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write('GET / HTTP/1.1\r\nHost: raw.case\r\n\r\n');
      return socket;
    });
    await expect.poll(() => heads.length).toBeGreaterThanOrEqual(50);
    const before = closedByProxy;
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => closedByProxy - before, { timeout: patienceMs }).toBeGreaterThanOrEqual(50);
    script = null;
  });
});

describe('a broken upstream never reaches the client as something clean', () => {
  const answers: [number, string, string, (answer: Answer) => void][] = [
    [
      42,
      'CL and TE',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok',
      (a) => expect(a.status).toBe(502),
    ],
    [42, 'bare LF', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok', (a) => expect(a.status).toBe(502)],
    [42, 'NUL', 'HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 2\r\n\r\nok', (a) => expect(a.status).toBe(502)],
    [
      46,
      'an unsolicited 101',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      (a) => expect(a.status).toBe(502),
    ],
    [47, 'status 099', 'HTTP/1.1 099 X\r\ncontent-length: 0\r\n\r\n', (a) => expect(a.status).toBe(502)],
    [47, 'status 1000', 'HTTP/1.1 1000 X\r\ncontent-length: 0\r\n\r\n', (a) => expect(a.status).toBe(502)],
    [48, 'TE gzip', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nok', (a) => expect(a.status).toBe(502)],
    [49, '1 MiB of headers', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(1_048_576)}\r\n\r\n`, (a) => expect(a.status).toBe(502)],
    [
      45,
      '1,000 × 103',
      `${'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(1_000)}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`,
      (a) => {
        expect(a.text.match(/HTTP\/1\.1 103/g)?.length ?? 0).toBeLessThanOrEqual(20);
        expect(a.text).toContain('HTTP/1.1 502');
      },
    ],
    [
      44,
      'a body on 204',
      'HTTP/1.1 204 No Content\r\n\r\nbody',
      (a) => {
        expect(a.status).toBe(204);
        expect(a.text.endsWith('\r\n\r\n')).toBe(true);
      },
    ],
  ];
  for (const [row, name, bytes, judge] of answers) {
    test(`${row}: ${name}`, async () => {
      script = (socket) => socket.write(Buffer.from(bytes, 'latin1'));
      const answer = await exchange(mesh.outbound('app-x-0'), 'GET / HTTP/1.1\r\nHost: raw.case\r\n\r\n');
      script = null;
      judge(answer);
    });
  }

  test('52: a POST on a connection that closes under it reaches the app once at most', async () => {
    heads = [];
    script = (socket, bytes) => {
      if (bytes.toString('latin1').startsWith('POST')) socket.destroy();
      else socket.write(ok);
    };
    for (let n = 0; n < 10; n++) {
      await exchange(mesh.outbound('app-x-0'), 'GET /warm HTTP/1.1\r\nHost: raw.case\r\nConnection: close\r\n\r\n');
      const post = `POST /pay-${n} HTTP/1.1\r\nHost: raw.case\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi`;
      expect((await exchange(mesh.outbound('app-x-0'), post)).status).toBe(503);
    }
    script = null;
    for (let n = 0; n < 10; n++) expect(heads.filter((head) => head.startsWith(`POST /pay-${n} `))).toHaveLength(1);
  });

  test('43: an extra response is never given to the next request', async () => {
    script = (socket) => socket.write(`${ok}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`);
    const first = await exchange(mesh.outbound('app-x-0'), 'GET /1 HTTP/1.1\r\nHost: raw.case\r\n\r\n');
    script = null;
    const second = await exchange(mesh.outbound('app-x-0'), 'GET /2 HTTP/1.1\r\nHost: raw.case\r\n\r\n');
    expect([first.text, second.text].join()).not.toContain('evil');
  });
});
