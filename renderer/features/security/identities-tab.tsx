import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import type { Certificate, Status } from '../../../proxy/api/status.schema.ts';
import { Button, EmptyState, Facts, Panel, plural } from '../../ui/index.ts';
import { FindField, searchedFrom, useFind } from '../find-field.tsx';
import { BreakDialog } from './break-dialog.tsx';
import { CertificateTable } from './certificate-table.tsx';
import type { Flaw } from './flaws.ts';
import { useRotation } from './use-rotation.ts';

/** Every identity of the mesh with the certificate that proves it. */
export function IdentitiesTab({ status }: { status: Status }) {
  const rotation = useRotation();
  const find = useFind();
  const [breaking, setBreaking] = useState<{ certificate: Certificate; flaw: Flaw } | null>(null);
  const { certificates } = status;
  if (certificates.length === 0)
    return (
      <EmptyState icon={KeyRound} title="No identity yet">
        Each service of the mesh gets one, with a certificate from Drydock’s own authority.
      </EmptyState>
    );
  const shown = certificates.filter(({ service, spiffeId }) => find(service, spiffeId));
  const actions = (
    <>
      {certificates.length >= searchedFrom && <FindField label="Find a certificate" placeholder="Find by service or id" />}
      <Button size="small" disabled={rotation.busy !== null} data-testid="rotate-all" onClick={() => void rotation.rotateAll()}>
        Rotate all {certificates.length}
      </Button>
    </>
  );
  const broken = certificates.filter(({ flaw }) => flaw !== undefined).length;
  return (
    <>
      <Panel
        title="Certificates"
        hint={broken > 0 ? `⚡ ${plural(broken, 'is', 'are')} wrong on purpose` : undefined}
        flush
        actions={actions}
      >
        {shown.length === 0 ? (
          <EmptyState title="No identity is called that" />
        ) : (
          <div className="security-table">
            <CertificateTable
              certificates={shown}
              rotation={rotation}
              onBreak={(certificate, flaw) => setBreaking({ certificate, flaw })}
            />
          </div>
        )}
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
      {breaking && <BreakDialog {...breaking} onClose={() => setBreaking(null)} />}
    </>
  );
}
