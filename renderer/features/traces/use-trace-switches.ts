import { Download, RotateCw } from 'lucide-react';
import { useState } from 'react';
import { useCommands } from '../../commands/registry.ts';

/** What is shown of a trace. */
export interface TraceSwitches {
  mesh: boolean;
  critical: boolean;
  logs: boolean;
  setMesh: (on: boolean) => void;
  setCritical: (on: boolean) => void;
  setLogs: (on: boolean) => void;
}

export function useTraceSwitches(): TraceSwitches {
  const [mesh, setMesh] = useState(true);
  const [critical, setCritical] = useState(true);
  const [logs, setLogs] = useState(true);
  return { mesh, critical, logs, setMesh, setCritical, setLogs };
}

interface TraceActions {
  switches: TraceSwitches;
  hasLogs: boolean;
  onCompare: () => void;
  onDownload: () => void;
  onReload: () => void;
}

/** The same actions for keys and palette. */
export function useTraceCommands({ switches, hasLogs, onCompare, onDownload, onReload }: TraceActions): void {
  const group = 'This screen';
  useCommands([
    {
      ...{ id: 'traces.logs', title: switches.logs ? 'Hide the logs' : 'Show the logs', group, keys: 'l' },
      when: () => hasLogs,
      run: () => switches.setLogs(!switches.logs),
    },
    {
      ...{ id: 'traces.mesh', title: switches.mesh ? 'Fold mesh spans away' : 'Show mesh spans', group, keys: 'm' },
      run: () => switches.setMesh(!switches.mesh),
    },
    {
      ...{
        id: 'traces.critical',
        title: switches.critical ? 'Hide the critical path' : 'Show the critical path',
        group,
        keys: 'c',
      },
      run: () => switches.setCritical(!switches.critical),
    },
    { id: 'traces.compare', title: 'Compare with another trace', group, keys: 'b', run: onCompare },
    { id: 'traces.download', title: 'Download the trace as JSON', group, icon: Download, run: onDownload },
    { id: 'traces.reload', title: 'Read the trace again', group, icon: RotateCw, run: onReload },
  ]);
}
