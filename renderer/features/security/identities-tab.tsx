import { KeyRound, RefreshCw } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Certificate, Status } from '../../../proxy/api/status.schema.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, CopyButton, EmptyState, Facts, formatSpan, Panel, Table, useToasts } from '../../ui/index.ts';

const soonMs = 3_600_000;

/** Every identity of the mesh with the certificate that proves it. */
export function IdentitiesTab({ status }: { status: Status }) {
  const engine = useEngine();
  const toasts = useToasts();
  const now = useSeconds();
  const [rotating, setRotating] = useState<string | null>(null);
  const rotate = async (certificate: Certificate) => {
    setRotating(certificate.spiffeId);
    try {
      const { certificates } = await engine.call('rotateCertificates', { body: { spiffeId: certificate.spiffeId } });
      toasts.ok(
        `${certificate.service} has a new certificate`,
        `Serial ${certificates[0]?.serialNumber ?? ''}; connections go on.`,
      );
    } catch (error) {
      toasts.error('The certificate was not rotated', error);
    } finally {
      setRotating(null);
    }
  };
  if (status.certificates.length === 0)
    return (
      <EmptyState icon={KeyRound} title="No identity yet">
        Each service of the mesh gets one, with a certificate from Drydock’s own authority.
      </EmptyState>
    );
  return (
    <>
      <Panel title="Certificates" flush>
        <div className="security-table">
          <Table
            label="Identities and their certificates"
            rows={status.certificates}
            keyOf={(one) => one.spiffeId}
            rowTestId="certificate-row"
            columns={[
              { id: 'service', title: 'Service', cell: (one) => <b>{one.service}</b> },
              {
                id: 'id',
                title: 'SPIFFE id (its only alternative name)',
                cell: (one) => (
                  <span className="row">
                    <span className="mono truncate security-id" title={one.spiffeId}>
                      {one.spiffeId}
                    </span>
                    <CopyButton text={one.spiffeId} label="Copy the SPIFFE id" />
                  </span>
                ),
              },
              { id: 'expires', title: 'Expires in', align: 'end', cell: (one) => <Expiry certificate={one} now={now} /> },
              {
                id: 'serial',
                title: 'Serial',
                cell: (one) => (
                  <span className="mono" title={`Serial ${one.serialNumber}\nSHA-256 ${one.fingerprint256}`}>
                    …{one.serialNumber.slice(-10)}
                  </span>
                ),
              },
              { id: 'rotations', title: 'Rotated', align: 'end', cell: (one) => <span className="num">{one.rotations}×</span> },
              {
                id: 'rotate',
                title: '',
                align: 'end',
                cell: (one) => (
                  <Button
                    size="small"
                    icon={<RefreshCw size={12} />}
                    disabled={rotating === one.spiffeId}
                    aria-label={`Rotate the certificate of ${one.service}`}
                    onClick={() => void rotate(one)}
                  >
                    Rotate
                  </Button>
                ),
              },
            ]}
          />
        </div>
      </Panel>
      <Panel title="Authority">
        <Facts
          rows={[
            ['Subject', status.ca.subject],
            ['Valid until', new Date(status.ca.notAfter).toLocaleString()],
            [
              'SHA-256',
              <span key="sha" className="mono">
                {status.ca.fingerprint256}
              </span>,
            ],
          ]}
        />
      </Panel>
    </>
  );
}

function Expiry({ certificate, now }: { certificate: Certificate; now: number }) {
  const leftMs = Date.parse(certificate.notAfter) - now;
  const when = new Date(certificate.notAfter).toLocaleString();
  if (leftMs <= 0)
    return (
      <span className="tone-bad tone-text" title={when}>
        ✖ expired
      </span>
    );
  return (
    <span className={`num ${leftMs < soonMs ? 'tone-warn tone-text' : ''}`} title={when}>
      {leftMs < soonMs ? '▲ ' : ''}
      {formatSpan(leftMs)}
    </span>
  );
}

function useSeconds(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
