import { useState } from 'react';
import type { ServiceProtos as Given } from '../../../proxy/api/proto.schema.ts';
import type { Status } from '../../../proxy/api/status.schema.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import { Button, Notice, Panel, Skeleton, Table, useToasts } from '../../ui/index.ts';
import { AddProtosButton, ProtoProblems } from './add-protos.tsx';
import { problemOf, useAddProtos } from './use-add-protos.ts';

/** On a service's screen: the .proto files its gRPC messages are read with. Nothing for a service that speaks no gRPC. */
export function ServiceProtos({ service }: { service: Status['services'][number] }) {
  const { name, namespace } = service;
  const speaksGrpc = service.ports.some(({ protocol }) => protocol === 'grpc' || protocol === 'http2');
  const { data, error, reload } = useCall('listProtos', {});
  const adding = useAddProtos({ service: name, namespace, onDone: reload });
  const given = (data?.protos ?? []).filter((one) => one.service === name && one.namespace === namespace);
  if (!speaksGrpc && given.length === 0) return null;
  const unread = data === null;
  const problems = given.flatMap(({ diagnostics }) => diagnostics.map(problemOf));
  return (
    <Panel title="Message names" actions={<AddProtosButton adding={adding} />} flush>
      {given.length > 0 && (
        <Table
          label="Message names"
          rows={given}
          keyOf={({ from }) => from}
          rowTestId="protos-row"
          columns={[
            { id: 'from', title: 'From', width: '110px', cell: ({ from }) => (from === 'app' ? 'added here' : 'mesh file') },
            { id: 'files', title: 'Files', cell: Files },
            { id: 'methods', title: 'Methods', cell: Methods },
            {
              id: 'forget',
              title: '',
              align: 'end',
              width: '96px',
              cell: ({ from }) => (from === 'app' ? <Forget name={name} namespace={namespace} onDone={reload} /> : null),
            },
          ]}
        />
      )}
      {unread && error === null && <Skeleton lines={2} />}
      {((given.length === 0 && (!unread || error !== null)) || problems.length > 0 || adding.problems.length > 0) && (
        <div className="service-protos">
          {unread && error !== null && <Notice tone="bad">They cannot be read: {error}</Notice>}
          {given.length === 0 && !unread && (
            <p className="muted">
              Fields of gRPC messages have names where the service offers server reflection. Where it does not, add its .proto
              files here, or name them under <code>protos</code> in the mesh file.
            </p>
          )}
          <ProtoProblems problems={adding.problems} />
          <ProtoProblems problems={problems} tone="warn" />
        </div>
      )}
    </Panel>
  );
}

function Files({ files }: Given) {
  return <Names names={files.map((file) => file.split('/').at(-1) ?? file)} title={files.join('\n')} />;
}

function Methods({ methods }: Given) {
  if (methods.length === 0) return <span className="muted">none</span>;
  return <Names names={methods.map((method) => method.slice(1))} title={methods.join('\n')} />;
}

const shown = 3;

/** A few, one a line; all of them on hovering. */
function Names({ names, title }: { names: readonly string[]; title: string }) {
  return (
    <ul className="proto-names mono" title={title}>
      {names.slice(0, shown).map((name) => (
        <li key={name}>{name}</li>
      ))}
      {names.length > shown && <li className="muted">and {names.length - shown} more</li>}
    </ul>
  );
}

function Forget({ name, namespace, onDone }: { name: string; namespace: string; onDone: () => void }) {
  const engine = useEngine();
  const toasts = useToasts();
  const [busy, setBusy] = useState(false);
  const forget = async () => {
    setBusy(true);
    try {
      await engine.call('removeProtos', { params: { namespace, service: name } });
      onDone();
    } catch (error) {
      toasts.error('They were not forgotten', error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button size="small" variant="ghost" disabled={busy} onClick={() => void forget()}>
      Forget
    </Button>
  );
}
