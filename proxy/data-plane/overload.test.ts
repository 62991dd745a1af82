import { expect, test } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { OverloadGuard } from './overload.ts';

test('108 from 92 % of the heap clients are asked to go, from 95 % requests are refused, told once each way', () => {
  const clock = new ManualClock();
  const events: string[] = [];
  let share = 0.5;
  const guard = new OverloadGuard({ clock, emit: ({ type }) => events.push(type), heapShare: () => share });
  const at = (next: number) => {
    share = next;
    clock.advance(100);
    return guard.pressure();
  };
  expect([at(0.5), at(0.919), at(0.92), at(0.949), at(0.95), at(0.99), at(0.93), at(0.2)]).toEqual([
    'none',
    'none',
    'no-keep-alive',
    'no-keep-alive',
    'shed',
    'shed',
    'no-keep-alive',
    'none',
  ]);
  expect(events).toEqual(['data-plane.overloaded', 'data-plane.relieved']);
});

test('the heap is asked ten times a second at most', () => {
  const clock = new ManualClock();
  let asked = 0;
  const guard = new OverloadGuard({ clock, emit: () => {}, heapShare: () => asked++ });
  for (let n = 0; n < 1_000; n++) {
    guard.pressure();
    clock.advance(1);
  }
  expect(asked).toBe(10);
});

test('by default it is the heap of this thread', () => {
  expect(new OverloadGuard({ clock: new ManualClock(), emit: () => {} }).pressure()).toBe('none');
});
