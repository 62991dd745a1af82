import type { Duplex } from 'node:stream';
import { duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../testing/manual-clock.ts';
import { openConnectTunnel } from './connect-tunnel.ts';

async function ask(answer: string | null): Promise<{ why: string; asked: string; near: Duplex; far: Duplex }> {
  const [near, far] = duplexPair();
  const clock = new ManualClock();
  let asked = '';
  far.on('data', (chunk: Buffer) => {
    asked += chunk.toString('latin1');
    if (answer === null) clock.advance(5000);
    else if (answer === '') far.end();
    else far.write(answer);
  });
  const why = await openConnectTunnel(near, 'db.internal:5432', clock, 5000);
  return { why, asked, near, far };
}

describe('DestinationRule tunnel', () => {
  it('asks by CONNECT for the target and keeps what follows the answer', async () => {
    const { why, asked, near } = await ask('HTTP/1.1 200 OK\r\nx: y\r\n\r\nhello');
    expect(why).toBe('');
    expect(asked).toBe('CONNECT db.internal:5432 HTTP/1.1\r\nhost: db.internal:5432\r\n\r\n');
    const first = new Promise((resolve) => near.once('data', resolve));
    near.resume();
    expect(String(await first)).toBe('hello');
  });

  it('tells why there is none: another status, no HTTP, an end, no answer in time', async () => {
    expect((await ask('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')).why).toBe('CONNECT answered 407');
    expect((await ask('no HTTP\r\n\r\n')).why).toBe('protocol error');
    expect((await ask('')).why).toBe('connection termination');
    expect((await ask(null)).why).toBe('connection timeout');
  });
});
