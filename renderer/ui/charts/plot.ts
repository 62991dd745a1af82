/** Where a chart's axes leave room. */
export const plotMargin = { left: 52, right: 24, top: 10, bottom: 22 } as const;

/** Places of times and values in a picture of `width` × `height` CSS pixels. */
export class Plot {
  readonly width: number;
  readonly height: number;
  readonly times: readonly number[];
  /** Value at the top of the axis. */
  readonly top: number;

  constructor(shape: { width: number; height: number; times: readonly number[]; top: number }) {
    this.width = shape.width;
    this.height = shape.height;
    this.times = shape.times;
    this.top = shape.top;
  }

  get left(): number {
    return plotMargin.left;
  }
  get right(): number {
    return Math.max(this.left, this.width - plotMargin.right);
  }
  get bottom(): number {
    return Math.max(plotMargin.top, this.height - plotMargin.bottom);
  }

  x(time: number): number {
    const [first, last] = [this.times[0] ?? 0, this.times.at(-1) ?? 0];
    const share = last === first ? 0 : (time - first) / (last - first);
    return round(this.left + share * (this.right - this.left));
  }

  y(value: number): number {
    const share = Math.min(1, Math.max(0, value / (this.top || 1)));
    return round(this.bottom - share * (this.bottom - plotMargin.top));
  }

  /** The slot nearest to `x`; null without slots. */
  slotAt(x: number): number | null {
    const last = this.times.length - 1;
    if (last < 0) return null;
    const share = (x - this.left) / Math.max(1, this.right - this.left);
    return Math.min(last, Math.max(0, Math.round(share * last)));
  }
}

const round = (px: number): number => Math.round(px * 10) / 10;
