import { useState } from 'react';
import type { Certificate } from '../../../proxy/api/status.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { hrefTo } from '../../app/router.ts';
import { useEngine, useGraph } from '../../engine/use-engine.ts';
import { Button, Dialog, Facts, formatCount, KeyHint, Notice, plural, Segments, useToasts } from '../../ui/index.ts';
import { type Flaw, flaws, usesOf } from './flaws.ts';
import { sinceWords } from './mtls.ts';

const lengths = ['1m', '10m', '1h'] as const;

/** Says whom it hits before a certificate is made wrong on purpose, and for how long. */
export function BreakDialog({ certificate, flaw, onClose }: { certificate: Certificate; flaw: Flaw; onClose: () => void }) {
  const engine = useEngine();
  const toasts = useToasts();
  const { window } = usePreferences();
  const [length, setLength] = useState<(typeof lengths)[number]>('10m');
  const [running, setRunning] = useState(false);
  const { service, spiffeId } = certificate;
  const { words, action, effect } = flaws[flaw];
  const breakIt = async () => {
    setRunning(true);
    try {
      await engine.call('breakCertificate', { body: { spiffeId, as: flaw, for: length } });
      toasts.ok(`The certificate of ${service} is ${words}`, `It heals after ${length}, when you heal it, or with Stop all.`);
      onClose();
    } catch (error) {
      toasts.error('The certificate was not broken', error);
      setRunning(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${action}: ${service}`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="danger" disabled={running} data-testid="break-confirm" onClick={() => void breakIt()}>
            {running ? 'Breaking…' : `${action} for ${length}`}
          </Button>
        </>
      }
    >
      <div className="col security-strict">
        <Uses service={service} since={sinceWords(window)} onLeave={onClose} />
        <p className="soft">{effect}</p>
        <Facts
          rows={[
            [
              'Identity',
              <span key="id" className="mono">
                {spiffeId}
              </span>,
            ],
            [
              'For',
              <Segments
                key="for"
                label="For how long"
                value={length}
                options={lengths.map((value) => ({ value, label: value }))}
                onChange={setLength}
              />,
            ],
          ]}
        />
        <p className="soft security-stop">
          Open connections are replaced, so that it shows at once. <KeyHint keys="$mod+." />
          <span className="visually-hidden">Stop all faults</span> heals it from anywhere.
        </p>
      </div>
    </Dialog>
  );
}

/** The requests that met the certificate as it is: those that come now meet it as it will be. */
function Uses({ service, since, onLeave }: { service: string; since: string; onLeave: () => void }) {
  const { edges, requests } = usesOf(service, useGraph());
  return (
    <Notice tone={requests > 0 ? 'warn' : 'info'}>
      <span data-testid="break-count">
        {requests > 0 ? (
          <>
            <a href={hrefTo('requests', { filter: `${service} mtls:yes` })} onClick={onLeave}>
              {plural(requests, 'request')}
            </a>{' '}
            in {since} used this certificate, on {plural(edges.length, 'edge')}. Those that come now would meet it.
          </>
        ) : (
          `No request in ${since} used this certificate.`
        )}
      </span>
      {edges.length > 0 && (
        <ul className="security-uses">
          {edges.slice(0, 6).map((edge) => (
            <li key={edge.id} className="num">
              {edge.id.replaceAll('default/', '').replace('->', ' → ')}: {formatCount(Math.round(edge.count * edge.mtlsShare))}
            </li>
          ))}
          {edges.length > 6 && <li>and {plural(edges.length - 6, 'edge')} more</li>}
        </ul>
      )}
    </Notice>
  );
}
