/** Where axes carry numbers: round ones, so that a chart can be read without calculating. */

const steps = [1, 2, 5, 10];

/** Rising values from 0 to the first round one that is not below `top`; three to five of them. */
export function valueTicks(top: number): number[] {
  if (!(top > 0) || !Number.isFinite(top)) return [0, 1];
  const least = top / 4;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = (steps.find((one) => one * power >= least * (1 - 1e-9)) ?? 10) * power;
  const count = Math.max(1, Math.ceil(top / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

const timeStepsMs = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400].map(
  (s) => s * 1000,
);

/** Whole seconds, minutes or hours between two times, at most `most` of them; `withSeconds` when minutes would not tell them apart. */
export function timeTicks(firstMs: number, lastMs: number, most = 6): { ticks: number[]; withSeconds: boolean } {
  const spanMs = lastMs - firstMs;
  if (!(spanMs > 0)) return { ticks: [firstMs], withSeconds: true };
  const stepMs = timeStepsMs.find((step) => spanMs / step <= most) ?? Math.ceil(spanMs / most / 86_400_000) * 86_400_000;
  const ticks: number[] = [];
  for (let time = Math.ceil(firstMs / stepMs) * stepMs; time <= lastMs; time += stepMs) ticks.push(time);
  return { ticks, withSeconds: stepMs < 60_000 };
}

// Making a format costs more than a chart's whole drawing.
const withoutSeconds = new Intl.DateTimeFormat([], { hourCycle: 'h23', hour: '2-digit', minute: '2-digit' });
const toTheSecond = new Intl.DateTimeFormat([], { hourCycle: 'h23', hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const clockTick = (timeMs: number, withSeconds: boolean): string =>
  (withSeconds ? toTheSecond : withoutSeconds).format(timeMs);

const marksPerDecade = [[1, 2, 5], [1, 3], [1]] as const;

/**
 * Round values along bands whose upper ends `bounds` grow by the logarithm, with their place as a share from the bottom: as many as stand at
 * least `apartShare` from each other. The first band begins as far below its end as the second does.
 */
export function bandTicks(bounds: readonly number[], apartShare: number): { value: number; share: number }[] {
  const [first = 0, second = first * 2] = bounds;
  const top = bounds.at(-1) ?? 0;
  if (first <= 0 || top <= first) return [];
  const bottom = first ** 2 / second;
  const shareOf = (value: number) => Math.log(value / bottom) / Math.log(top / bottom);
  for (const marks of marksPerDecade) {
    const ticks: { value: number; share: number }[] = [];
    for (let power = 10 ** Math.floor(Math.log10(bottom)); power <= top; power *= 10)
      for (const mark of marks) {
        const value = Number((mark * power).toPrecision(6));
        if (value >= bottom && value <= top) ticks.push({ value, share: shareOf(value) });
      }
    const apart = ticks.every(({ share }, index) => index === 0 || share - (ticks[index - 1]?.share ?? 0) >= apartShare);
    if (apart || marks.length === 1) return ticks;
  }
  return [];
}
