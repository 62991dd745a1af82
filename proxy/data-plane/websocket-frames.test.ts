import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ws from 'ws';
import { describeFrames, FrameCounter } from './websocket-frames.ts';

/* Frames are made by the ws package's own sender, which its types leave out. */
const { Sender } = ws as unknown as {
  Sender: {
    frame(data: Buffer, options: { fin: boolean; mask: boolean; opcode: number; rsv1: boolean; readOnly: boolean }): Buffer[];
  };
};
const frameOf = (opcode: number, payload: Buffer | string, mask: boolean, fin = true, rsv1 = false): Buffer =>
  Buffer.concat(Sender.frame(Buffer.from(payload), { fin, mask, opcode, rsv1, readOnly: false }));
const code = (number: number) => Buffer.from([number >> 8, number & 0xff]);

describe('frames that pass', () => {
  test('are counted the same however they are cut, masked or not', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 40 }), (mask, cuts) => {
        const bytes = Buffer.concat([
          frameOf(1, 'hello', mask),
          frameOf(2, Buffer.alloc(70_000, 1), mask, false, true),
          frameOf(9, 'p', mask),
          frameOf(0, Buffer.alloc(300), mask),
          frameOf(10, '', mask),
          frameOf(1, '', mask),
          frameOf(8, Buffer.concat([code(4001), Buffer.from('bye')]), mask),
        ]);
        const counter = new FrameCounter(mask);
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          counter.add(bytes.subarray(at, at + cut));
          at += cut;
        }
        expect(counter).toMatchObject({ text: 2, binary: 1, ping: 1, pong: 1, closeCode: 4001, invalid: '' });
        expect(describeFrames(counter)).toBe('2 text, 1 binary, 1 ping, 1 pong, close 4001');
      }),
    );
  });

  test('what is no frame is told, and ends the count', () => {
    const invalid = (masked: boolean, bytes: Buffer): string => {
      const counter = new FrameCounter(masked);
      counter.add(bytes);
      counter.add(frameOf(1, 'later', masked));
      expect(counter.text).toBe(0);
      return counter.invalid;
    };
    expect(invalid(true, frameOf(1, 'x', false))).toBe('a client’s frame is not masked');
    expect(invalid(false, frameOf(1, 'x', true))).toBe('a server’s frame is masked');
    expect(invalid(false, Buffer.from([0x83, 0]))).toBe('opcode 3 is not defined');
    expect(invalid(false, Buffer.from([0xb1, 0]))).toBe('a reserved bit is set');
    expect(invalid(false, Buffer.from([0x09, 0]))).toBe('a control frame is fragmented');
    expect(invalid(false, Buffer.from([0x89, 126]))).toBe('a control frame is over 125 bytes');
    expect(invalid(false, Buffer.from([0x88, 1]))).toBe('a close frame holds half a code');
    expect(invalid(false, Buffer.from([0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255]))).toBe(
      'a frame is longer than can be',
    );
  });

  test('a close without a code is 1005; silence is nothing', () => {
    const counter = new FrameCounter(true);
    expect(describeFrames(counter)).toBe('nothing');
    counter.add(frameOf(8, '', true));
    expect(counter.closeCode).toBe(1005);
  });
});
