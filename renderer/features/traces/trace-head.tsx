import { Download, RotateCw, X } from 'lucide-react';
import type { Trace } from '../../../proxy/api/observability.schema.ts';
import { Button, CopyButton, formatClock, formatMs, IconButton, KeyHint, plural, Switch } from '../../ui/index.ts';
import type { TraceSwitches } from './use-trace-switches.ts';

export interface TraceHeadProps {
  trace: Trace;
  switches: TraceSwitches;
  /** Spans of the mesh that are folded away as a whole. */
  away: number;
  hasLogs: boolean;
  onCompare: () => void;
  onDownload: () => void;
  onReload: () => void;
  onClose: () => void;
}

/** How long it took, what is shown of it, and what can be done with it. */
export function TraceHead({ trace, switches, away, hasLogs, onCompare, onDownload, onReload, onClose }: TraceHeadProps) {
  const joined = trace.spans.filter((span) => span.traceId !== trace.traceId).length;
  return (
    <header className="trace-head">
      <div className="grow">
        <h2 className="num">
          {formatMs(trace.durationMs)} · {plural(trace.spans.length, 'span')}
          {joined > 0 && <span className="muted"> · {joined} joined, their headers were lost</span>}
          {away > 0 && <span className="muted"> · {away} of the mesh folded away</span>}
        </h2>
        <div className="row soft">
          <span className="num">{formatClock(trace.start)}</span> <span className="mono truncate">{trace.traceId}</span>
          <CopyButton text={trace.traceId} label="Copy the trace id" />
        </div>
      </div>
      <div className="trace-tools">
        <Switch checked={switches.mesh} onChange={switches.setMesh}>
          Mesh <KeyHint keys="m" />
        </Switch>
        <Switch checked={switches.critical} onChange={switches.setCritical}>
          Critical path <KeyHint keys="c" />
        </Switch>
        {hasLogs && (
          <Switch checked={switches.logs} onChange={switches.setLogs}>
            Logs <KeyHint keys="l" />
          </Switch>
        )}
        <Button size="small" keys="b" data-testid="trace-compare" onClick={onCompare}>
          Compare…
        </Button>
      </div>
      <div className="row">
        <IconButton label="Download as JSON" icon={<Download size={14} />} data-testid="trace-download" onClick={onDownload} />
        <IconButton label="Read it again: late spans and logs" icon={<RotateCw size={14} />} onClick={onReload} />
        <IconButton label="Close" keys="Escape" icon={<X size={15} />} onClick={onClose} />
      </div>
    </header>
  );
}
