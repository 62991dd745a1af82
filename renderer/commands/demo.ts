import { PackageMinus, PackageOpen } from 'lucide-react';
import type { Status } from '../../proxy/api/status.schema.ts';
import type { Command } from './command.ts';

/** Services of the demo that no mesh of one's own has together. */
const marks = ['customers', 'storefront', 'payments', 'ledger'];

export const hasDemo = (status: Pick<Status, 'services'> | null): boolean =>
  marks.every((mark) => status?.services.some(({ name }) => name === mark));

/** The demo shop: its processes start on free ports and its customers begin to call. */
export const loadDemo: Command = {
  id: 'mesh.load-demo',
  title: 'Load demo',
  group: 'Mesh',
  icon: PackageOpen,
  keywords: 'sample shop example try first',
  when: ({ engine }) => engine.stream.get().phase === 'live' && !hasDemo(engine.status.get()),
  run: async ({ engine, router, toasts }) => {
    await engine.call('loadDemo');
    toasts.ok('The demo shop is in the mesh', 'Its customers call 20 times a second. “Remove the demo” ends it.');
    router.navigate('topology');
  },
};

export const removeDemo: Command = {
  id: 'mesh.remove-demo',
  title: 'Remove the demo',
  group: 'Mesh',
  icon: PackageMinus,
  keywords: 'sample shop unload',
  when: ({ engine }) => hasDemo(engine.status.get()),
  run: async ({ engine, toasts }) => {
    await engine.call('removeDemo');
    toasts.ok('The demo has left the mesh', 'Its processes have been stopped.');
  },
};
