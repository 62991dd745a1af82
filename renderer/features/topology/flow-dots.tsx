import { memo, useEffect, useRef } from 'react';
import type { Tone } from '../../ui/surface.tsx';
import type { EdgeWay } from './edge-way.ts';

/** Distance between two dots. */
const everyPx = 84;
/** The animations are made for this pace; another pace plays them faster or slower, from where they are. */
const madeForPxPerSecond = 44;

export interface FlowDotsProps {
  way: EdgeWay;
  pxPerSecond: number;
  tone: Tone;
  /** Width of the line, CSS pixels. */
  width: number;
  /** Dots at most. */
  most: number;
  moving: boolean;
}

/**
 * Requests on their way. The browser's compositor moves the dots (transforms only), so they cost the page's thread nothing; dashes that move
 * along an SVG line are painted anew by that thread for every frame.
 */
export const FlowDots = memo(function FlowDots({ way, pxPerSecond, tone, width, most, moving }: FlowDotsProps) {
  const box = useRef<HTMLDivElement>(null);
  const running = useRef<Animation[]>([]);
  const count = Math.min(most, Math.max(1, Math.round(way.lengthPx / everyPx)));
  useEffect(() => {
    const frames = way.points.map(({ x, y }) => ({ transform: `translate(${x}px, ${y}px)` }));
    const durationMs = (way.lengthPx / madeForPxPerSecond) * 1000;
    running.current = [...(box.current?.children ?? [])].map((dot, index) =>
      dot.animate(frames, { duration: durationMs, delay: (-durationMs * index) / count, iterations: Number.POSITIVE_INFINITY }),
    );
    return () => {
      for (const animation of running.current) animation.cancel();
      running.current = [];
    };
  }, [way, count]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new way has new animations to set.
  useEffect(() => {
    for (const animation of running.current) {
      animation.updatePlaybackRate(pxPerSecond / madeForPxPerSecond);
      if (moving) animation.play();
      else animation.pause();
    }
  }, [way, count, pxPerSecond, moving]);
  const size = Math.max(4, Math.round(width + 2));
  const style = { width: size, height: size, margin: -size / 2 };
  return (
    <div ref={box} className={`topo-flow tone-${tone}`} aria-hidden="true">
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: dots have no identity.
        <i key={index} style={style} />
      ))}
    </div>
  );
});
