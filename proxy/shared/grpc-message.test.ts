import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameGrpcMessage, GrpcReader, readGrpcMessages, readUnaryMessage } from './grpc-message.ts';

interface Sent {
  flag: number;
  data: Uint8Array;
}
const anySent = fc.record({ flag: fc.constantFrom(0, 1, 0x80, 0x81), data: fc.uint8Array({ maxLength: 40 }) });

function onWire({ flag, data }: Sent): Buffer {
  const framed = frameGrpcMessage(data);
  framed[0] = flag;
  return framed;
}
/** Trailers of gRPC-Web are no messages. */
const messagesOf = (sent: readonly Sent[]) =>
  sent
    .filter(({ flag }) => flag < 0x80)
    .map(({ flag, data }) => ({ data: Buffer.from(data), bytes: data.length, compressed: flag === 1 }));

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { maxLength: 20 });

describe('gRPC messages', () => {
  it('are the same however the bytes are cut, one at a time too', () => {
    fc.assert(
      fc.property(fc.array(anySent, { maxLength: 8 }), cuts, (sent, where) => {
        const wire = Buffer.concat(sent.map(onWire));
        for (const chunks of [pieces(wire, where), [...wire].map((byte) => Buffer.from([byte])), [wire]]) {
          const heard: unknown[] = [];
          const reader = new GrpcReader((message) => heard.push(message));
          for (const chunk of chunks) reader.add(chunk);
          expect(heard).toEqual(messagesOf(sent));
          expect(reader.isBetweenMessages).toBe(true);
        }
        expect(readGrpcMessages(wire)).toEqual({ messages: messagesOf(sent), isWhole: true });
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('of a body cut anywhere are those before the cut, and the beginning of the one that was cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, part) => {
          const wire = Buffer.concat(all.map(frameGrpcMessage));
          const body = wire.subarray(0, Math.floor(part * wire.length));
          const { messages, isWhole } = readGrpcMessages(body);
          const whole = messages.filter(({ data, bytes }) => data.length === bytes);
          expect(whole).toEqual(
            all.slice(0, whole.length).map((data) => ({ data: Buffer.from(data), bytes: data.length, compressed: false })),
          );
          expect(messages.length - whole.length).toBeLessThanOrEqual(1);
          expect(isWhole).toBe(Buffer.concat(all.slice(0, whole.length).map(frameGrpcMessage)).length === body.length);
        },
      ),
      { seed: 4, numRuns: 300 },
    );
  });

  it('longer than is to be kept are kept in part, and their length is told', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), cuts, (all, where) => {
        const heard: { data: Buffer; bytes: number }[] = [];
        const reader = new GrpcReader((message) => heard.push(message), 16);
        for (const chunk of pieces(Buffer.concat(all.map(frameGrpcMessage)), where)) reader.add(chunk);
        expect(heard.map(({ data }) => data)).toEqual(all.map((data) => Buffer.from(data.subarray(0, 16))));
        expect(heard.map(({ bytes }) => bytes)).toEqual(all.map((data) => data.length));
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  it('end where the bytes are no gRPC', () => {
    const body = Buffer.concat([
      frameGrpcMessage(Buffer.from('a')),
      Buffer.from('HTTP/1.1 200'),
      frameGrpcMessage(Buffer.from('b')),
    ]);
    const { messages, isWhole } = readGrpcMessages(body);
    expect([messages.map(({ data }) => data.toString()), isWhole]).toEqual([['a'], false]);
  });

  it('of a unary call are exactly one', () => {
    const one = frameGrpcMessage(Buffer.from('hello'));
    expect(readUnaryMessage(one)?.data.toString()).toBe('hello');
    expect(readUnaryMessage(frameGrpcMessage(Buffer.alloc(0)))?.bytes).toBe(0);
    for (const other of [
      Buffer.alloc(0),
      one.subarray(0, 4),
      one.subarray(0, 7),
      Buffer.concat([one, one]),
      Buffer.concat([one, Buffer.from([0])]),
    ])
      expect(readUnaryMessage(other)).toBeNull();
  });
});
