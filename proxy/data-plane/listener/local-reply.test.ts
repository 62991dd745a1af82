import { describe, expect, it } from 'vitest';
import type { LocalReply } from '../exchange.ts';
import { buildLocalReply, encodeGrpcMessage } from './local-reply.ts';

const unavailable: LocalReply = { status: 503, body: 'no healthy upstream', flag: 'UH', details: 'no_healthy_upstream' };

describe('a local reply', () => {
  it('is text/plain with its length', () => {
    const { head, body } = buildLocalReply(unavailable, { grpc: false, method: 'GET' });
    expect(head).toMatchObject({ status: 503 });
    expect(head.headers.toPairs()).toEqual([
      ['content-length', '19'],
      ['content-type', 'text/plain'],
    ]);
    expect(body.toString()).toBe('no healthy upstream');
  });

  it('drops both headers without a body and keeps its own type with one', () => {
    const bare = buildLocalReply(
      { ...unavailable, body: '', headers: [['content-type', 'x/y']] },
      { grpc: false, method: 'GET' },
    );
    expect(bare.head.headers.list).toEqual([]);
    const typed = buildLocalReply(
      { ...unavailable, headers: [['Content-Type', 'application/json']] },
      { grpc: false, method: 'GET' },
    );
    expect(typed.head.headers.getAll('content-type')).toEqual(['application/json']);
  });

  it('is HTTP 200 with grpc-status for a gRPC call', () => {
    const { head, body } = buildLocalReply(unavailable, { grpc: true, method: 'GET' });
    expect(head.status).toBe(200);
    expect(body.length).toBe(0);
    expect(head.headers.toPairs()).toEqual([
      ['content-type', 'application/grpc'],
      ['grpc-status', '14'],
      ['grpc-message', 'no healthy upstream'],
    ]);
  });

  it.each([
    [400, 13],
    [401, 16],
    [403, 7],
    [404, 12],
    [429, 14],
    [502, 14],
    [503, 14],
    [504, 14],
    [500, 2],
    [418, 2],
  ])('maps HTTP %i to gRPC %i', (http, grpc) => {
    expect(buildLocalReply({ ...unavailable, status: http }, { grpc: true, method: 'GET' }).head.headers.get('grpc-status')).toBe(
      String(grpc),
    );
  });

  it('lets a reply choose its own gRPC status, and percent-encodes its message', () => {
    expect(
      buildLocalReply({ ...unavailable, grpcStatus: 4 }, { grpc: true, method: 'GET' }).head.headers.get('grpc-status'),
    ).toBe('4');
    expect(encodeGrpcMessage('50% ü\n')).toBe('50%25 %C3%BC%0A');
  });
});
