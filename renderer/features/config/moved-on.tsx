import { Button } from '../../ui/index.ts';

/** The file changed on disk, or something was applied live, while this text was edited: applying it would undo that. */
export function MovedOn({ onDiff, onTake, onKeep }: { onDiff: () => void; onTake: () => void; onKeep: () => void }) {
  return (
    <div className="row config-moved" role="alert" data-testid="config-moved">
      <span className="grow">
        <span className="tone-warn tone-text">▲</span> What runs has changed since you began to edit: on disk, or applied from
        elsewhere.
      </span>
      <Button size="small" onClick={onDiff}>
        Compare
      </Button>
      <Button size="small" data-testid="config-take" onClick={onTake}>
        Take what runs
      </Button>
      <Button size="small" variant="ghost" data-testid="config-keep" onClick={onKeep}>
        Keep my text
      </Button>
    </div>
  );
}
