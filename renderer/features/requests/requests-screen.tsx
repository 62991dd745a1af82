import { useRingView } from '../../engine/use-engine.ts';
import { EmptyState } from '../../ui/index.ts';

export default function RequestsScreen() {
  const ring = useRingView();
  return <EmptyState title={`${ring.end - ring.first} requests`} />;
}
