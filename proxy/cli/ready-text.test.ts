import { describe, expect, test } from 'vitest';
import type { Ready } from '../api/status.schema.ts';
import { Output } from './output.ts';
import { printReady, type ReadyTextOptions } from './ready-text.ts';

const ready = (more: Partial<Ready> = {}): Ready => ({
  ...{ event: 'ready', pid: 1, control: { url: 'http://127.0.0.1:40123', token: 't' }, ingress: 'http://127.0.0.1:8080' },
  ...{ toxiproxy: 'http://127.0.0.1:8474', otlp: { http: 'http://127.0.0.1:4318', grpc: '127.0.0.1:4317' }, workloads: [] },
  ...more,
});
function read(given: Ready, options?: ReadyTextOptions): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  printReady(new Output({ isTerminal: true, colour: false, columns: () => 120, write, writeError: write }), given, options);
  return text;
}

describe('drydock up', () => {
  test('says where everything is, and nothing about ports that are the usual ones', () => {
    const text = read(ready());
    expect(text).toContain('  Interface  http://127.0.0.1:40123/#token=t\n');
    expect(text).toContain('  Ingress    http://127.0.0.1:8080   Host: <service>.localhost\n');
    expect(text).toContain('  OTLP       http://127.0.0.1:4318, gRPC 127.0.0.1:4317\n');
    expect(text).toContain('  Toxiproxy  http://127.0.0.1:8474\n');
  });

  test('says which usual port was taken, so that clients who know only that one are told', () => {
    const otlp = { http: 'http://127.0.0.1:41001', grpc: '127.0.0.1:41002' };
    const text = read(ready({ otlp, toxiproxy: 'http://127.0.0.1:41003' }));
    expect(text).toContain('gRPC 127.0.0.1:41002   (4318 and 4317 are not free)\n');
    expect(text).toContain('http://127.0.0.1:41003   (8474 is not free)\n');
    expect(read(ready({ toxiproxy: 'http://127.0.0.1:41003' }), { toxiproxyPort: 41003 })).toContain(':41003\n');
    expect(read(ready({ otlp: { http: '', grpc: '' } }))).not.toContain('OTLP');
  });
});
