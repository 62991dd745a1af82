import { useState } from 'react';
import type { MeshSpec } from '../../../proxy/api/mesh.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { hrefTo } from '../../app/router.ts';
import { useGraph } from '../../engine/use-engine.ts';
import { Button, Dialog, formatCount, Notice, plural, Segments } from '../../ui/index.ts';
import { callsOutside } from './calls-outside.ts';

type Policy = NonNullable<MeshSpec['outboundTrafficPolicy']>;

/** Whether calls to hosts that the mesh does not know go out; refusing them is asked about, with those that were seen. */
export function UnknownHosts({ value, onChange }: { value: Policy; onChange: (policy: Policy) => void }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Segments
        label="Calls to unknown hosts"
        value={value}
        options={[
          { value: 'ALLOW_ANY', label: 'Let out' },
          { value: 'REGISTRY_ONLY', label: 'Refused' },
        ]}
        onChange={(policy) => (policy === 'REGISTRY_ONLY' ? setAsking(true) : onChange(policy))}
      />
      {asking && (
        <RefuseDialog
          onClose={() => setAsking(false)}
          onRefuse={() => {
            onChange('REGISTRY_ONLY');
            setAsking(false);
          }}
        />
      )}
    </>
  );
}

function RefuseDialog({ onClose, onRefuse }: { onClose: () => void; onRefuse: () => void }) {
  const { window } = usePreferences();
  const { hosts, requests, total } = callsOutside(useGraph());
  const since = window === 'run' ? 'this run' : `the last ${window}`;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Refuse calls to unknown hosts"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" data-testid="refuse-unknown" onClick={onRefuse}>
            Refuse them
          </Button>
        </>
      }
    >
      <div className="col">
        <Notice tone={requests > 0 ? 'warn' : 'ok'}>
          {requests === 0 ? (
            `None of ${plural(total, 'request')} in ${since} left the mesh: nothing that was seen would be refused.`
          ) : (
            <>
              {formatCount(requests)} of {plural(total, 'request')} in {since} left the mesh. Those to hosts that no ServiceEntry
              names would be refused with 502.
              <ul>
                {hosts.slice(0, 8).map(({ host, count }) => (
                  <li key={host} className="num">
                    <a href={hrefTo('requests', { filter: `dest:${host}` })} onClick={onClose}>
                      {host}
                    </a>
                    : {formatCount(count)}
                  </li>
                ))}
                {hosts.length > 8 && <li>and {plural(hosts.length - 8, 'host')} more</li>}
              </ul>
            </>
          )}
        </Notice>
        <p className="soft">
          It is applied live and lasts until the engine stops or the mesh file is saved again. “Let out” takes it back.
        </p>
      </div>
    </Dialog>
  );
}
