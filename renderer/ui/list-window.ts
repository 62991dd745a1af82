/** Rows `first` to `last`, both included; `last` below `first` is none. */
export interface RowSpan {
  first: number;
  last: number;
}

/** Rows kept ready in the direction of travel: more than a notch of a wheel or a page of a trackpad's fling moves. */
const ahead = 36;
/** And on the other side, for a change of mind. */
const behind = 10;
/** Rows made in one frame beyond those that must be seen: a third of a frame's time without a graphics card. */
const perFrame = 12;
/** The ends of what is kept move this many rows at a time: a slow scroll changes the page once in a few frames, not in each. */
const block = 8;

export interface RowWindow {
  span: RowSpan;
  /** More rows are to be made ready: ask again in the next frame. */
  more: boolean;
}

/**
 * The rows to keep in the page when `visible` ones are looked at and `now` are there. What is looked at is there at once; what may be next is made
 * ready a few rows a frame, so that no frame has to make all the rows of a turn of the wheel.
 */
export function nextWindow(now: RowSpan, visible: RowSpan, count: number, travel: 1 | -1): RowWindow {
  const shown = { first: Math.max(0, visible.first), last: Math.min(count - 1, visible.last) };
  if (shown.last < shown.first) return { span: { first: 0, last: -1 }, more: false };
  const target = {
    first: Math.max(0, Math.floor((shown.first - (travel < 0 ? ahead : behind)) / block) * block),
    last: Math.min(count - 1, Math.ceil((shown.last + (travel > 0 ? ahead : behind)) / block) * block),
  };
  const kept = { first: Math.max(now.first, target.first), last: Math.min(now.last, target.last) };
  const touches = kept.first <= shown.last + 1 && kept.last >= shown.first - 1 && kept.first <= kept.last;
  const span = touches ? { first: Math.min(kept.first, shown.first), last: Math.max(kept.last, shown.last) } : shown;
  let left = perFrame - (touches ? sizeOf(span) - sizeOf(kept) : sizeOf(span));
  const grow = (way: 1 | -1) => {
    const by = Math.max(0, Math.min(left, way > 0 ? target.last - span.last : span.first - target.first));
    if (way > 0) span.last += by;
    else span.first -= by;
    left -= by;
  };
  grow(travel);
  grow(travel > 0 ? -1 : 1);
  return { span, more: span.first > target.first || span.last < target.last };
}

const sizeOf = ({ first, last }: RowSpan) => Math.max(0, last - first + 1);
