import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { GraphNode } from '../../../proxy/api/observability.schema.ts';
import { useRouter } from '../../app/router.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import { Button, Dialog, formatRate, useToasts } from '../../ui/index.ts';

/** The document a service registered in the app is kept in; services of a mesh file have none of this name. */
const documentName = (namespace: string, name: string): string => `service-${namespace}-${name}`.slice(0, 63);

/** Takes a service that was added in the app out of the mesh again, after saying what that stops. */
export function RemoveService({ name, namespace, node }: { name: string; namespace: string; node: GraphNode | undefined }) {
  const engine = useEngine();
  const router = useRouter();
  const toasts = useToasts();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const meshes = useCall('listResourcesOfKind', { params: { kind: 'Mesh' } });
  const registered = meshes.data?.resources.some((resource) => resource.name === documentName(namespace, name));
  if (!registered) return null;
  const remove = async () => {
    setBusy(true);
    try {
      await engine.call('deregisterService', { params: { namespace, name } });
      toasts.ok(`${name} is out of the mesh`);
      router.navigate('service');
    } catch (error) {
      toasts.error(`${name} was not removed`, error);
      setBusy(false);
    }
  };
  return (
    <>
      <Button variant="danger" icon={<Trash2 size={13} />} data-testid="remove-service" onClick={() => setAsking(true)}>
        Remove
      </Button>
      <Dialog
        open={asking}
        onClose={() => setAsking(false)}
        title={`Take ${name} out of the mesh?`}
        footer={
          <>
            <Button onClick={() => setAsking(false)}>Keep it</Button>
            <Button variant="danger" disabled={busy} onClick={() => void remove()}>
              Remove {name}
            </Button>
          </>
        }
      >
        <p>
          Its sidecar closes and its name is no longer known: {formatRate(node?.rate ?? 0)} requests a second go to it now. The
          process itself runs on.
        </p>
      </Dialog>
    </>
  );
}
