import { type Edge, EdgeLabelRenderer, type EdgeProps } from '@xyflow/react';
import { memo } from 'react';
import { EdgeLabel } from './edge-label.tsx';
import type { EdgeView } from './edge-view.ts';
import { FlowDots } from './flow-dots.tsx';
import { useEdgeView, useMotion } from './live-view.ts';
import type { EdgeLine } from './topology-layout.ts';

export type TopologyEdge = Edge<{ line: EdgeLine; onSelect: (id: string) => void }, 'traffic'>;

/** One line of the picture with what moves along it and its label. Each of the three redraws when it looks different, not with every tick. */
export const TrafficEdge = memo(function TrafficEdge({ id, data, selected = false }: EdgeProps<TopologyEdge>) {
  const view = useEdgeView(id);
  const motion = useMotion();
  if (!view || !data) return null;
  const { line, onSelect } = data;
  return (
    <>
      <Line
        id={id}
        line={line}
        tone={view.tone}
        width={view.width}
        idle={view.pace === 0}
        dim={view.dim}
        inferred={view.inferred}
        selected={selected}
        onSelect={onSelect}
      />
      <EdgeLabelRenderer>
        {motion.dots > 0 && view.pace > 0 && !view.dim && !view.inferred && (
          <FlowDots
            way={line.way}
            pxPerSecond={view.pace}
            tone={view.tone}
            width={view.width}
            most={motion.dots}
            moving={motion.moving}
          />
        )}
        <EdgeLabel view={view} at={line.label} selected={selected} onSelect={onSelect} />
      </EdgeLabelRenderer>
    </>
  );
});

interface LineProps extends Pick<EdgeView, 'id' | 'tone' | 'width' | 'dim' | 'inferred'> {
  line: EdgeLine;
  idle: boolean;
  selected: boolean;
  onSelect: (id: string) => void;
}

const Line = memo(function Line({ id, line, tone, width, idle, dim, inferred, selected, onSelect }: LineProps) {
  const head = width + 3.5;
  const back = line.forward ? -head * 1.5 : head * 1.5;
  const { x, y } = line.end;
  return (
    <g
      className={`topo-edge tone-${tone}`}
      data-selected={selected || undefined}
      data-idle={idle || undefined}
      data-dim={dim || undefined}
      data-inferred={inferred || undefined}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the label is the button for the keyboard; the line is a larger target. */}
      <path className="topo-edge-reach" d={line.path} onClick={() => onSelect(id)} />
      <path className="topo-edge-line" d={line.path} strokeWidth={width} />
      <path className="topo-edge-head" d={`M${x},${y}l${back},${-head * 0.75}v${head * 1.5}z`} />
    </g>
  );
});
