import { spawn, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { exchangesOf, poll, portOf } from './kit.ts';
import { type Message, PostgresClient, PostgresServer, postgresFolder, rowOf } from './postgres.ts';

/* A real PostgreSQL as a TCP service: client → upstream port → mutual TLS → its sidecar → server. The client speaks first. */

const skipped = postgresFolder === null ? ' (skipped: no PostgreSQL server is installed)' : '';
const hasPsql = spawnSync('psql', ['--version']).status === 0;

describe.skipIf(postgresFolder === null)(`a real PostgreSQL${skipped}`, () => {
  let server: PostgresServer;
  let mesh: TestMesh;
  let port = 0;
  const clients: PostgresClient[] = [];

  beforeAll(async () => {
    server = await PostgresServer.start(postgresFolder!);
    mesh = await startMesh(
      meshText(
        {
          services: [
            { name: 'caller', port: 8080, workloads: [{ address: '127.0.0.1:9', upstreams: [{ service: 'db', port: 0 }] }] },
            { name: 'db', port: 5432, protocol: 'tcp', workloads: [{ address: `127.0.0.1:${server.port}` }] },
          ],
        },
        [
          {
            apiVersion: 'security.istio.io/v1',
            kind: 'PeerAuthentication',
            metadata: { name: 'default', namespace: 'default' },
            spec: { mtls: { mode: 'STRICT' } },
          },
        ],
      ),
    );
    port = portOf(mesh.engine.ready().workloads.find(({ id }) => id === 'caller-x-0')!.upstreams.db!);
  }, 40_000);
  afterAll(async () => {
    for (const { raw } of clients) raw.socket.destroy();
    await mesh?.close();
    await server?.stop();
  });

  function open(): PostgresClient {
    const client = new PostgresClient(port);
    clients.push(client);
    return client;
  }
  async function session(): Promise<PostgresClient> {
    const client = open();
    await client.startup();
    return client;
  }
  const typesOf = (messages: readonly Message[]) => messages.map(({ type }) => type).join('');
  const rowsOf = (messages: readonly Message[]) => messages.filter(({ type }) => type === 'D').map(rowOf);

  test('startup: authentication, parameters, ready; the record has both sidecars, bytes and mutual TLS', async () => {
    const client = open();
    const messages = await client.startup();
    expect(typesOf(messages)).toMatch(/^RS+KZ$/);
    expect(messages.map(({ body }) => body.toString()).join()).toContain('server_encoding\0UTF8');
    client.send('X', Buffer.alloc(0));
    await client.raw.until(({ ended }) => ended);
    client.raw.socket.end();
    const records = await exchangesOf(mesh, 'to=db', 2);
    expect(records.map(({ reporter }) => reporter).sort()).toEqual(['destination', 'source']);
    for (const record of records) {
      expect(record).toMatchObject({ protocol: 'TCP', flags: '', mtls: true, source: 'caller', responseBytes: client.raw.bytes });
    }
  });

  test('TLS is asked for and politely declined by the server, which has none: the question is the server’s to answer', async () => {
    const client = open();
    expect(await client.askForTls()).toBe('N');
    expect(typesOf(await client.startup())).toMatch(/Z$/);
  });

  test('queries, errors and a transaction', async () => {
    const client = await session();
    const answer = await client.query('create table ships (name text, tons int); insert into ships values ($$Ärmel$$, 7);');
    expect(typesOf(answer)).toBe('CCZ');
    expect(rowsOf(await client.query('select name, tons * 2 from ships'))).toEqual([['Ärmel', '14']]);
    const failed = await client.query('select * from docks');
    expect(typesOf(failed)).toBe('EZ');
    expect(failed[0]!.body.toString()).toContain('relation "docks" does not exist');
    await client.query('begin; delete from ships');
    await client.query('rollback');
    expect(rowsOf(await client.query('select count(*) from ships'))).toEqual([['1']]);
  });

  test('a result of 16 MB arrives whole', async () => {
    const client = await session();
    const messages = await client.query(`select n, repeat(chr(65 + n % 26), 1000) from generate_series(1, 16000) n`);
    const rows = rowsOf(messages);
    expect(rows).toHaveLength(16_000);
    expect(rows.every(([n, text], index) => n === String(index + 1) && text?.length === 1_000)).toBe(true);
    expect(messages.at(-2)!.body.toString()).toBe('SELECT 16000\0');
  });

  test('COPY both ways: a client that streams, a server that streams', async () => {
    const client = await session();
    await client.query('create table cargo (n int, what text)');
    client.send('Q', 'copy cargo from stdin');
    await client.until('G');
    const lines = Array.from({ length: 20_000 }, (_, n) => `${n}\t${'x'.repeat(100)}\n`);
    for (let n = 0; n < lines.length; n += 100) client.send('d', Buffer.from(lines.slice(n, n + 100).join('')));
    client.send('c', Buffer.alloc(0));
    expect((await client.untilReady())[0]!.body.toString()).toBe('COPY 20000\0');
    const copied = await client.query('copy cargo to stdout');
    expect(copied.filter(({ type }) => type === 'd')).toHaveLength(20_000);
  });

  test('the server speaks unasked: a notification reaches a session that waits', async () => {
    const waiting = await session();
    await waiting.query('listen tide');
    const other = await session();
    await other.query("notify tide, 'high'");
    const [message] = await waiting.until('A');
    expect(message!.body.toString()).toContain('tide\0high');
  });

  test('a query cancelled on a second connection', async () => {
    const client = open();
    const started = await client.startup();
    const key = started.find(({ type }) => type === 'K')!.body;
    const slow = client.query('select pg_sleep(20)');
    await poll(
      async () =>
        rowsOf(await (await session()).query("select count(*) from pg_stat_activity where query like '%pg_sleep(20)%'")),
      (rows) => Number(rows[0]?.[0]) >= 2,
    );
    const cancel = open();
    cancel.raw.socket.write(Buffer.concat([Buffer.from([0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e]), key]));
    await cancel.raw.until(({ ended, closed }) => ended || closed);
    expect((await slow)[1]?.body.toString() ?? '').toContain('canceling statement');
  });

  test('half-close: a client that has sent its query and its FIN still gets the rows', async () => {
    const client = await session();
    client.send('Q', 'select 42');
    client.raw.socket.end();
    const messages = await client.until('D');
    expect(rowsOf(messages)).toEqual([['42']]);
    await client.raw.until(({ ended }) => ended);
    expect(client.raw.error).toBe('');
  });

  test('a client that is gone leaves no session behind at the server', async () => {
    const client = await session();
    const pid = rowsOf(await client.query('select pg_backend_pid()'))[0]![0]!;
    const other = await session();
    const sessions = async () => rowsOf(await other.query(`select count(*) from pg_stat_activity where pid = ${pid}`))[0]![0];
    expect(await sessions()).toBe('1');
    client.raw.socket.resetAndDestroy();
    expect(await poll(sessions, (count) => count === '0')).toBe('0');
  });

  test.skipIf(!hasPsql)(`psql, which asks for TLS by itself${hasPsql ? '' : ' (skipped: psql is not installed)'}`, async () => {
    const psql = spawn('psql', [
      '-h',
      '127.0.0.1',
      '-p',
      String(port),
      '-U',
      'drydock',
      '-d',
      'postgres',
      '-Atc',
      'select 6 * 7',
    ]);
    let output = '';
    psql.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise((resolve) => psql.once('close', resolve));
    expect([code, output.trim()]).toEqual([0, '42']);
  });
});
