import { useEffect, useRef } from 'react';

export interface SparklineProps {
  /** null = nothing happened in that slot: a gap, not a zero. */
  values: readonly (number | null)[];
  width?: number;
  height?: number;
  /** A CSS variable name: `--series-1`. */
  color?: string;
  /** What it shows, for assistive tools: `requests per second, last 5 minutes`. */
  label: string;
}

/** A line of a few dozen points on a canvas; cheap enough for a table of them. */
export function Sparkline({ values, width = 96, height = 22, color = '--series-1', label }: SparklineProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context) return;
    const ratio = window.devicePixelRatio || 1;
    element.width = width * ratio;
    element.height = height * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const stroke = getComputedStyle(element).getPropertyValue(color).trim() || 'gray';
    drawLine(context, values, width, height, stroke);
  });
  return <canvas ref={canvas} role="img" aria-label={label} style={{ width, height, display: 'block' }} />;
}

function drawLine(
  context: CanvasRenderingContext2D,
  values: readonly (number | null)[],
  width: number,
  height: number,
  stroke: string,
): void {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return;
  const max = Math.max(...known, 1e-9);
  const step = values.length > 1 ? (width - 2) / (values.length - 1) : 0;
  context.beginPath();
  let pen = false;
  values.forEach((value, index) => {
    if (value === null) {
      pen = false;
      return;
    }
    const x = 1 + index * step;
    const y = height - 2 - (value / max) * (height - 4);
    if (pen) context.lineTo(x, y);
    else context.moveTo(x, y);
    pen = true;
  });
  context.strokeStyle = stroke;
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.stroke();
}
