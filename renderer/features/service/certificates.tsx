import type { Status, WorkloadStatus } from '../../../proxy/api/status.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { Badge, Facts, formatSpan, Panel } from '../../ui/index.ts';

const flawWords = { expired: 'expired', 'wrong-name': 'for another workload', untrusted: 'by an unknown authority' } as const;

/** What the service's sidecars prove who they are with. */
export function Certificates({ status, workloads }: { status: Status; workloads: readonly WorkloadStatus[] }) {
  const ids = new Set(workloads.map(({ spiffeId }) => spiffeId));
  const own = status.certificates.filter(({ spiffeId }) => ids.has(spiffeId));
  if (own.length === 0) return null;
  return (
    <Panel title="Certificate" actions={<a href={hrefTo('security', { tab: 'identities' })}>Security</a>}>
      {own.map((certificate) => (
        <Facts
          key={certificate.serialNumber}
          rows={[
            ['SPIFFE ID', <Mono key="id" text={certificate.spiffeId} />],
            [
              'State',
              certificate.flaw && (
                <Badge key="flaw" tone="fault">
                  ⚡ {flawWords[certificate.flaw]}, on purpose
                </Badge>
              ),
            ],
            [
              'Valid for',
              `${formatSpan(Date.parse(certificate.notAfter) - Date.now())} more, until ${new Date(certificate.notAfter).toLocaleString()}`,
            ],
            ['Serial number', <Mono key="serial" text={certificate.serialNumber} />],
            ['SHA-256', <Mono key="print" text={certificate.fingerprint256} />],
            ['Rotated', certificate.rotations === 0 ? 'not yet' : `${certificate.rotations} ×`],
          ]}
        />
      ))}
    </Panel>
  );
}

const Mono = ({ text }: { text: string }) => <span className="mono">{text}</span>;
