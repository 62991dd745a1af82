import { Dialog } from '../../ui/index.ts';

export function RegisterDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return <Dialog open={open} onClose={onClose} title="Add service" />;
}
