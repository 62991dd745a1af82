import { Ellipsis, RefreshCw } from 'lucide-react';
import type { Certificate } from '../../../proxy/api/status.schema.ts';
import { Badge, Button, CopyButton, formatSpan, IconButton, Menu, Table } from '../../ui/index.ts';
import { useNow } from '../../ui/use-now.ts';
import { type Flaw, flaws } from './flaws.ts';
import type { Rotation } from './use-rotation.ts';

const soonMs = 3_600_000;

export interface CertificateTableProps {
  certificates: readonly Certificate[];
  rotation: Rotation;
  onBreak: (certificate: Certificate, flaw: Flaw) => void;
}

/** One line per identity: what proves it, for how long, and the ways to replace it or to make it wrong. */
export function CertificateTable({ certificates, rotation, onBreak }: CertificateTableProps) {
  const now = useNow();
  return (
    <Table
      label="Identities and their certificates"
      rows={certificates}
      keyOf={(one) => one.spiffeId}
      rowTestId="certificate-row"
      columns={[
        { id: 'service', title: 'Service', cell: (one) => <ServiceName name={one.service} /> },
        { id: 'id', title: 'SPIFFE id (its only alternative name)', cell: (one) => <SpiffeId id={one.spiffeId} /> },
        { id: 'expires', title: 'Expires in', align: 'end', cell: (one) => <Expiry certificate={one} now={now} /> },
        {
          id: 'serial',
          title: 'Serial',
          cell: (one) => (
            <span className="mono security-serial" title={`Serial ${one.serialNumber}\nSHA-256 ${one.fingerprint256}`}>
              …{one.serialNumber.slice(-6)}
            </span>
          ),
        },
        { id: 'rotations', title: 'Rotated', align: 'end', cell: (one) => <span className="num">{one.rotations}×</span> },
        {
          id: 'rotate',
          title: '',
          align: 'end',
          cell: (one) => <Actions certificate={one} rotation={rotation} onBreak={onBreak} />,
        },
      ]}
    />
  );
}

function ServiceName({ name }: { name: string }) {
  return (
    <b className="truncate security-service" title={name}>
      {name}
    </b>
  );
}

/** Where it does not fit its end is seen: the beginning is the same for all. */
function SpiffeId({ id }: { id: string }) {
  return (
    <span className="row">
      <span className="mono truncate security-id" title={id}>
        <bdi>{id}</bdi>
      </span>
      <CopyButton text={id} label="Copy the SPIFFE id" />
    </span>
  );
}

function Actions({ certificate, rotation, onBreak }: Omit<CertificateTableProps, 'certificates'> & { certificate: Certificate }) {
  const { service, flaw, spiffeId } = certificate;
  const rotate = flaw ? 'Heal' : 'Rotate';
  const breaking = (id: Flaw) => ({ id, label: `${flaws[id].action}…`, onSelect: () => onBreak(certificate, id) });
  return (
    <span className="security-cert-actions">
      <Button
        size="small"
        icon={<RefreshCw size={12} />}
        disabled={rotation.busy === spiffeId}
        aria-label={`${rotate} the certificate of ${service}`}
        onClick={() => void rotation.rotate(certificate)}
      >
        {rotate}
      </Button>
      {(['expired', 'wrong-name'] as const).map((id) => (
        <Button
          key={id}
          size="small"
          className="security-break"
          aria-label={`${flaws[id].action}: the certificate of ${service}`}
          onClick={() => onBreak(certificate, id)}
        >
          {flaws[id].action}
        </Button>
      ))}
      <Menu
        align="end"
        trigger={
          <IconButton
            label={`More ways to break the certificate of ${service}`}
            size="small"
            variant="default"
            icon={<Ellipsis size={13} />}
          />
        }
        items={(['expired', 'wrong-name', 'untrusted'] as const).map(breaking)}
      />
    </span>
  );
}

function Expiry({ certificate, now }: { certificate: Certificate; now: number }) {
  if (certificate.flaw !== undefined)
    return (
      <Badge tone="fault" title={`On purpose: ${flaws[certificate.flaw].words}`}>
        ⚡ {flaws[certificate.flaw].words} · heals in {formatSpan(Date.parse(certificate.healsAt ?? '') - now)}
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
