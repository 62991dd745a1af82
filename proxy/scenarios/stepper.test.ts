import { expect, test } from 'vitest';
import { Stepper } from './stepper.ts';

function stepperOf(places: readonly number[]) {
  const done: number[] = [];
  const clock = { nowMs: 0 };
  const moments = places.map((placeMs) => ({ placeMs, words: [`at ${placeMs}`], act: () => void done.push(placeMs) }));
  return { clock, done, stepper: new Stepper({ moments, nowMs: () => clock.nowMs }) };
}

test('carries out one moment a step, in order of their places, and says when none is left', () => {
  const { stepper, done } = stepperOf([15, 5]);
  expect([stepper.next?.placeMs, stepper.left]).toEqual([5, 2]);
  expect([stepper.step(), stepper.step(), stepper.step()]).toEqual([true, true, false]);
  expect([done, stepper.next]).toEqual([[5, 15], null]);
});

test('a place is counted from the moment before it, and is over when the one after it comes', () => {
  const { stepper, clock } = stepperOf([5000, 15_000, 20_000]);
  expect([stepper.momentOf(2000), stepper.momentOf(5000)]).toEqual([2000, Number.POSITIVE_INFINITY]);
  clock.nowMs = 31_000;
  stepper.step();
  expect(stepper.momentOf(7000)).toBe(33_000);
  clock.nowMs = 34_000;
  stepper.step();
  expect([7000, 14_000, 15_000, 17_000].map((place) => stepper.momentOf(place))).toEqual([33_000, 34_000, 34_000, 36_000]);
  // Stepped to at once, the second before it never was.
  expect(stepper.momentOf(4000)).toBe(4000);
});

test('what has not come yet is drawn as far off as the timeline has it, never in the past', () => {
  const { stepper, clock } = stepperOf([5000, 15_000]);
  expect([5000, 15_000].map((place) => stepper.expectedAt(place))).toEqual([5000, 15_000]);
  clock.nowMs = 60_000;
  expect([5000, 15_000, 18_000].map((place) => stepper.expectedAt(place))).toEqual([60_000, 70_000, 73_000]);
});

test('handed back to the clock, what is left comes at its distances; a moment that was waited for comes now', () => {
  const { stepper, clock } = stepperOf([5000, 15_000, 20_000]);
  clock.nowMs = 2000;
  expect(stepper.delaysLeft()).toEqual([3000, 13_000, 18_000]);
  clock.nowMs = 9000;
  expect(stepper.delaysLeft()).toEqual([0, 10_000, 15_000]);
  stepper.step();
  clock.nowMs = 10_000;
  expect(stepper.delaysLeft()).toEqual([9000, 14_000]);
});
