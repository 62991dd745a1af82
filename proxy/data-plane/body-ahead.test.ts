import { describe, expect, test } from 'vitest';
import { BodyAhead } from './body-ahead.ts';
import { HeaderMap } from './header-map.ts';

const bytes = (text: string) => Buffer.from(text);

/** Collects what is handed over; pauses after each chunk when asked. */
function reader(ahead: BodyAhead, pauses = false) {
  const got: string[] = [];
  return {
    got,
    onData: (chunk: Buffer) => {
      got.push(chunk.toString());
      if (pauses) ahead.pause();
    },
    onEnd: (trailers: HeaderMap | null) => void got.push(`end ${trailers?.get('x') ?? '-'}`),
  };
}

describe('a body read ahead', () => {
  test('is there once it has the bytes asked for, or has ended', async () => {
    const ahead = new BodyAhead();
    const enough = ahead.reach(3);
    ahead.take(bytes('ab'));
    ahead.take(bytes('cd'));
    expect(await enough).toBe(true);
    const more = ahead.reach(10);
    ahead.end(null);
    expect(await more).toBe(true);
  });

  test('never comes when the client left', async () => {
    const ahead = new BodyAhead();
    const never = ahead.reach(1);
    ahead.giveUp();
    expect(await never).toBe(false);
  });

  test('is handed over in order, with its trailers', () => {
    const ahead = new BodyAhead();
    ahead.take(bytes('a'));
    ahead.take(bytes('b'));
    ahead.end(HeaderMap.from([['x', '1']]));
    const to = reader(ahead);
    expect(ahead.handOver(to)).toBe(true);
    expect(to.got).toEqual(['a', 'b', 'end 1']);
  });

  test('waits for a reader that pauses, and goes on where it was', () => {
    const ahead = new BodyAhead();
    ahead.take(bytes('a'));
    ahead.take(bytes('b'));
    ahead.end(null);
    const to = reader(ahead, true);
    expect(ahead.handOver(to)).toBe(false);
    expect(to.got).toEqual(['a']);
    expect(ahead.handOver(to)).toBe(false);
    expect(ahead.handOver(to)).toBe(true);
    expect(to.got).toEqual(['a', 'b', 'end -']);
  });
});
