import { Pin, PinOff } from 'lucide-react';
import { useState } from 'react';
import { type Annotation, type MarkColour, markColourSchema } from '../../../proxy/api/recording.schema.ts';
import { Button, Input } from '../../ui/index.ts';
import './marks.css';

const colours = markColourSchema.options;

/** Pin, colour and note of one request, live or recorded. */
export function MarkEditor({
  annotation,
  onChange,
}: {
  annotation: Annotation | null;
  onChange: (annotation: Annotation | null) => void;
}) {
  const [note, setNote] = useState(annotation?.note ?? '');
  const set = (change: Partial<Annotation>) => onChange({ ...annotation, note, ...change });
  const save = () => {
    if (note !== (annotation?.note ?? '')) set({});
  };
  return (
    <div className="mark-editor">
      <Button
        size="small"
        icon={annotation?.pinned ? <PinOff size={13} /> : <Pin size={13} />}
        aria-pressed={annotation?.pinned === true}
        onClick={() => set({ pinned: !annotation?.pinned })}
      >
        {annotation?.pinned ? 'Unpin' : 'Pin'}
      </Button>
      <fieldset className="row mark-colours" aria-label="Colour">
        {colours.map((colour: MarkColour) => (
          <button
            key={colour}
            type="button"
            className={`mark-choice mark-${colour}`}
            aria-label={colour}
            aria-pressed={annotation?.colour === colour}
            onClick={() => set({ colour: annotation?.colour === colour ? undefined : colour })}
          />
        ))}
      </fieldset>
      <Input
        value={note}
        placeholder="Note on this exchange"
        aria-label="Note on this exchange"
        data-testid="mark-note"
        onChange={(event) => setNote(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => event.key === 'Enter' && save()}
      />
    </div>
  );
}
