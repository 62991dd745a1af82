import { useState } from 'react';
import { useCall, useStatus } from '../../engine/use-engine.ts';
import { Button, Code, Dialog, ErrorState, Notice, Segments, Select, Skeleton } from '../../ui/index.ts';
import { saveText } from '../../ui/save-text.ts';

type Format = 'istio' | 'gateway-api' | 'envoy';

const files: Record<Format, string> = { istio: 'istio.yaml', 'gateway-api': 'gateway-api.yaml', envoy: 'envoy-bootstrap.json' };

/** What runs, written for a real mesh. */
export function ExportDialog({ onClose }: { onClose: () => void }) {
  const [format, setFormat] = useState<Format>('istio');
  const workloads = (useStatus()?.workloads ?? []).map(({ id }) => id);
  const [chosen, setChosen] = useState('');
  const workload = chosen || workloads[0] || '';
  const query = format === 'envoy' && workload ? { workload } : {};
  const { data, error, reload } = useCall('exportConfig', { params: { format }, query });
  return (
    <Dialog
      open
      onClose={onClose}
      size="wide"
      title="Export for a real mesh"
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button variant="primary" disabled={!data} onClick={() => data && saveText(files[format], data.text)}>
            Save {files[format]}
          </Button>
        </>
      }
    >
      <div className="col config-export">
        <div className="row">
          <Segments
            label="Format"
            value={format}
            options={[
              { value: 'istio', label: 'Istio' },
              { value: 'gateway-api', label: 'Gateway API' },
              { value: 'envoy', label: 'Envoy' },
            ]}
            onChange={setFormat}
          />
          {format === 'envoy' && workloads.length > 0 && (
            <Select
              label="Workload"
              value={workload}
              options={workloads.map((id) => ({ value: id, label: id }))}
              onChange={setChosen}
            />
          )}
        </div>
        {data && data.notes.length > 0 && (
          <Notice tone="warn">
            <b>Not carried over</b>
            <ul>
              {data.notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          </Notice>
        )}
        {error ? (
          <ErrorState title="This cannot be exported" message={error} onRetry={reload} />
        ) : data ? (
          <Code text={data.text || '# nothing runs that this format can say\n'} maxHeight={380} />
        ) : (
          <Skeleton lines={8} />
        )}
      </div>
    </Dialog>
  );
}
