import { FileCode2, Wand2 } from 'lucide-react';
import type { Status } from '../../../proxy/api/status.schema.ts';
import { useStatus } from '../../engine/use-engine.ts';
import { Button, EmptyState } from '../../ui/index.ts';
import { generateRouting } from './config-files.ts';

/** A new document before its first letter. */
export function NothingWritten({ onWrite }: { onWrite: (text: string) => void }) {
  const status = useStatus();
  const generate = () => {
    const made = generateRouting(factsOf(status));
    onWrite(made === '' ? '# No service of this mesh has a version yet: give its workloads one in the mesh file.\n' : made);
  };
  return (
    <EmptyState
      icon={FileCode2}
      title="Nothing written yet"
      actions={
        <>
          <Button variant="primary" icon={<Wand2 size={14} />} onClick={generate}>
            Generate from services
          </Button>
          <Button onClick={() => onWrite('# Istio, Gateway API or Drydock documents, --- between them.\n')}>
            Start with an empty text
          </Button>
        </>
      }
    >
      Write Istio or Gateway API documents, or start from the versions of your services: a DestinationRule and a VirtualService
      each.
    </EmptyState>
  );
}

/** Services with the versions of their workloads. */
function factsOf(status: Status | null) {
  return (status?.services ?? []).map(({ name, namespace, workloads }) => ({
    name,
    namespace,
    versions: [
      ...new Set((status?.workloads ?? []).filter((one) => workloads.includes(one.id)).flatMap((one) => one.version || [])),
    ].sort(),
  }));
}
