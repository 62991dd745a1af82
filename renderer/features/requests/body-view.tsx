import { useMemo, useState } from 'react';
import type { BodyView } from '../../../proxy/api/body.schema.ts';
import { Json, Notice, PlainText, Segments } from '../../ui/index.ts';
import { type BodyMode, bodyModeNames, bodyModes, bytesOf, formOf, readableJson } from './body-modes.ts';
import { HexView } from './hex-view.tsx';

/** A body in the way that tells most, the others a click away. */
export function BodyContent({ view, maxHeight }: { view: BodyView; maxHeight?: number }) {
  const modes = useMemo(() => bodyModes(view), [view]);
  const [chosen, setChosen] = useState<BodyMode | null>(null);
  const mode = chosen && modes.includes(chosen) ? chosen : (modes[0] ?? 'hex');
  return (
    <div className="request-body" data-testid="body-view" data-mode={mode}>
      {view.notes.map((note) => (
        <Notice key={note}>{note}</Notice>
      ))}
      {modes.length > 1 && (
        <Segments
          label="Show the body as"
          value={mode}
          options={modes.map((value) => ({ value, label: bodyModeNames[value] }))}
          onChange={setChosen}
        />
      )}
      <Shown view={view} mode={mode} maxHeight={maxHeight} />
    </div>
  );
}

function Shown({ view, mode, maxHeight }: { view: BodyView; mode: BodyMode; maxHeight?: number }) {
  if (mode === 'image') return <Image view={view} />;
  if (mode === 'form') return <Form view={view} />;
  if (mode === 'hex') return <Hex view={view} maxHeight={maxHeight} />;
  return mode === 'json' ? (
    <Readable view={view} maxHeight={maxHeight} />
  ) : (
    <PlainText text={view.content} maxHeight={maxHeight} />
  );
}

function Readable({ view, maxHeight }: { view: BodyView; maxHeight?: number }) {
  const text = useMemo(() => readableJson(view), [view]);
  return <Json text={text} indented maxHeight={maxHeight} />;
}

function Hex({ view, maxHeight }: { view: BodyView; maxHeight?: number }) {
  const bytes = useMemo(() => bytesOf(view), [view]);
  return <HexView bytes={bytes} maxHeight={maxHeight} />;
}

function Image({ view }: { view: BodyView }) {
  const [size, setSize] = useState('');
  const type = view.contentType.split(';')[0];
  return (
    <figure className="request-image">
      <img
        src={`data:${type};base64,${view.content}`}
        alt="The body"
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => setSize(`${naturalWidth} × ${naturalHeight}`)}
        onError={() => setSize('It cannot be drawn: incomplete, or not what its header says.')}
      />
      <figcaption className="num muted">{size}</figcaption>
    </figure>
  );
}

function Form({ view }: { view: BodyView }) {
  const fields = useMemo(() => formOf(view) ?? [], [view]);
  return (
    <dl className="request-headers mono">
      {fields.map(({ name, value, file }, index) => [
        // biome-ignore lint/suspicious/noArrayIndexKey: a field may repeat; its place is its identity.
        <dt key={`n${index}`}>{name}</dt>,
        // biome-ignore lint/suspicious/noArrayIndexKey: as above.
        <dd key={`v${index}`}>
          {file ? <span className="soft">file: {file}</span> : value === '' ? <span className="muted">empty</span> : value}
        </dd>,
      ])}
    </dl>
  );
}
