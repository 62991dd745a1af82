import { KeyRound, RefreshCw, ShieldOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Certificate, Status } from '../../../proxy/api/status.schema.ts';
import { useEngine } from '../../engine/use-engine.ts';
import {
  Badge,
  Button,
  CopyButton,
  EmptyState,
  Facts,
  formatSpan,
  IconButton,
  Input,
  Menu,
  Panel,
  plural,
  Table,
  useToasts,
} from '../../ui/index.ts';

const soonMs = 3_600_000;
/** From here on a list is searched rather than read. */
const searchedFrom = 9;

/** Every identity of the mesh with the certificate that proves it. */
export function IdentitiesTab({ status }: { status: Status }) {
  const engine = useEngine();
  const toasts = useToasts();
  const now = useSeconds();
  const [rotating, setRotating] = useState<string | null>(null);
  const [find, setFind] = useState('');
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
  const rotateAll = async () => {
    setRotating('all');
    try {
      const { certificates } = await engine.call('rotateCertificates', { body: {} });
      toasts.ok(`${plural(certificates.length, 'certificate')} rotated`, 'Connections go on; broken ones are healed.');
    } catch (error) {
      toasts.error('The certificates were not rotated', error);
    } finally {
      setRotating(null);
    }
  };
  const needle = find.trim().toLowerCase();
  const shown = status.certificates.filter(({ service, spiffeId }) => `${service} ${spiffeId}`.toLowerCase().includes(needle));
  const breakIt = async (certificate: Certificate, as: Flaw) => {
    try {
      await engine.call('breakCertificate', { body: { spiffeId: certificate.spiffeId, as, for: '10m' } });
      toasts.ok(
        `${certificate.service} shows a certificate ${flawWords[as]}`,
        'It heals after ten minutes, or when you rotate it.',
      );
    } catch (error) {
      toasts.error('The certificate was not broken', error);
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
      <Panel
        title="Certificates"
        flush
        actions={
          <>
            {status.certificates.length >= searchedFrom && (
              <Input
                className="security-find"
                value={find}
                onChange={(event) => setFind(event.target.value)}
                placeholder="Find by service or id"
                aria-label="Find a certificate"
              />
            )}
            <Button size="small" disabled={rotating !== null} data-testid="rotate-all" onClick={() => void rotateAll()}>
              Rotate all
            </Button>
          </>
        }
      >
        <div className="security-table">
          <Table
            label="Identities and their certificates"
            rows={shown}
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
                  <span className="mono security-serial" title={`Serial ${one.serialNumber}\nSHA-256 ${one.fingerprint256}`}>
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
                  <span className="security-cert-actions">
                    <Button
                      size="small"
                      icon={<RefreshCw size={12} />}
                      disabled={rotating === one.spiffeId}
                      aria-label={`${one.flaw ? 'Heal' : 'Rotate'} the certificate of ${one.service}`}
                      onClick={() => void rotate(one)}
                    >
                      {one.flaw ? 'Heal' : 'Rotate'}
                    </Button>
                    <Menu
                      trigger={
                        <IconButton
                          label={`Break the certificate of ${one.service}`}
                          size="small"
                          variant="default"
                          icon={<ShieldOff size={13} />}
                        />
                      }
                      items={flaws.map((flaw) => ({
                        id: flaw,
                        label: `Make it ${flawWords[flaw]}`,
                        onSelect: () => void breakIt(one, flaw),
                      }))}
                    />
                  </span>
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

type Flaw = NonNullable<Certificate['flaw']>;
const flaws: readonly Flaw[] = ['expired', 'wrong-name', 'untrusted'];
const flawWords: Record<Flaw, string> = {
  expired: 'that has expired',
  'wrong-name': 'of another workload',
  untrusted: 'of an unknown authority',
};

function Expiry({ certificate, now }: { certificate: Certificate; now: number }) {
  if (certificate.flaw !== undefined)
    return (
      <Badge tone="fault" title={`On purpose: a certificate ${flawWords[certificate.flaw]}`}>
        ⚡ {certificate.flaw} · heals in {formatSpan(Date.parse(certificate.healsAt ?? '') - now)}
      </Badge>
    );
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
