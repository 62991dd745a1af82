import type { Replay } from '../../../proxy/api/replay.schema.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import type { Loaded } from '../../engine/use-engine.ts';
import { Button, ErrorState, formatClock, Skeleton } from '../../ui/index.ts';
import { ReplayResult } from './replay-result.tsx';

/** The replays of one recording; the newest is open. */
export function ReplaysTab({
  replays,
  read: { data, error, reload },
}: {
  replays: Replay[];
  /** How reading them goes. */
  read: Pick<Loaded<unknown>, 'data' | 'error' | 'reload'>;
}) {
  const { query } = useRoute();
  const router = useRouter();
  const chosen = query.get('replay');
  if (error && replays.length === 0) return <ErrorState title="The replays cannot be read" message={error} onRetry={reload} />;
  if (!data) return <Skeleton lines={6} />;
  const shown = replays.find((r) => r.id === chosen) ?? replays[0];
  if (!shown)
    return <p className="soft rec-more">Not replayed yet. A replay sends the root calls again; services make their own calls.</p>;
  return (
    <div className="rec-replays">
      {replays.length > 1 && (
        <fieldset className="row rec-runs" aria-label="Replays of this recording">
          {replays.slice(0, 8).map((replay) => (
            <Button
              key={replay.id}
              size="small"
              aria-pressed={replay.id === shown.id}
              onClick={() => router.setQuery({ replay: replay.id === replays[0]?.id ? undefined : replay.id })}
            >
              {formatClock(replay.startedAt, false)} {replay.to === null ? 'live' : replay.to.replace('=', ' ')}
            </Button>
          ))}
        </fieldset>
      )}
      <ReplayResult replay={shown} />
    </div>
  );
}
