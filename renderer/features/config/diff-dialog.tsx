import { Diff } from '../../ui/diff.tsx';
import { Button, Dialog } from '../../ui/index.ts';

export function DiffDialog({
  before,
  after,
  name,
  onClose,
}: {
  before: string;
  after: string;
  name: string;
  onClose: () => void;
}) {
  return (
    <Dialog
      open
      onClose={onClose}
      size="wide"
      title={`${name}: what runs and this text`}
      description="− runs now, + would run after Apply."
      footer={<Button onClick={onClose}>Close</Button>}
    >
      <Diff before={before} after={after} label="Difference from what runs" />
    </Dialog>
  );
}
