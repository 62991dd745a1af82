import { Copy, Download, Ellipsis, Pencil, Play, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { Recording } from '../../../proxy/api/recording.schema.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, formatBytes, formatClock, formatCount, IconButton, Input, Menu, plural, useToasts } from '../../ui/index.ts';
import { saveFile } from '../../ui/save-text.ts';
import { spanWords } from './recording-words.ts';

export interface RecordingHeaderProps {
  recording: Recording;
  onReplay: () => void;
  onDeleted: () => void;
  onMade: (id: string) => void;
}

/** Name (changed in place), size and span, and what one does with a whole recording. */
export function RecordingHeader({ recording, onReplay, onDeleted, onMade }: RecordingHeaderProps) {
  const [renames, setRenames] = useState(false);
  return (
    <header className="rec-head">
      <div className="grow rec-title">
        {renames ? (
          <NameField recording={recording} onDone={() => setRenames(false)} />
        ) : (
          <h2 className="row">
            <span className="truncate">{recording.name}</span>
            <IconButton label="Rename" size="small" icon={<Pencil size={13} />} onClick={() => setRenames(true)} />
          </h2>
        )}
        <div className="soft rec-facts-line">
          {formatClock(recording.firstAt ?? recording.startedAt, false)} · {spanWords(recording)} ·{' '}
          {plural(recording.calls, 'call')} ({plural(recording.exchanges, 'hop')}) · {formatBytes(recording.bytes)}
          {recording.origin !== '' && ` · ${recording.origin}`}
        </div>
      </div>
      <ExportMenu recording={recording} />
      <MoreMenu recording={recording} onRename={() => setRenames(true)} onDeleted={onDeleted} onMade={onMade} />
      <Button
        variant="primary"
        icon={<Play size={14} />}
        data-testid="replay-start"
        disabled={recording.exchanges === 0}
        onClick={onReplay}
      >
        Replay
      </Button>
    </header>
  );
}

/** Enter and leaving the field keep the name, Escape leaves it as it was. */
function NameField({ recording, onDone }: { recording: Recording; onDone: () => void }) {
  const edit = useEdit(recording);
  const [name, setName] = useState(recording.name);
  const save = () => {
    const trimmed = name.trim();
    if (trimmed !== '' && trimmed !== recording.name) void edit({ name: trimmed });
    onDone();
  };
  return (
    <Input
      className="rec-name"
      value={name}
      aria-label="Name of the recording"
      data-testid="recording-name"
      autoFocus
      onFocus={(event) => event.target.select()}
      onChange={(event) => setName(event.target.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === 'Enter') save();
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onDone();
      }}
    />
  );
}

/** A line of one's own about the recording; grows with what is written. */
export function NoteField({ recording }: { recording: Recording }) {
  const edit = useEdit(recording);
  const [draft, setDraft] = useState<string | null>(null);
  const save = () => {
    if (draft !== null && draft !== recording.note) void edit({ note: draft });
    setDraft(null);
  };
  return (
    <textarea
      className="rec-note"
      rows={1}
      value={draft ?? recording.note}
      placeholder="Add a note: what this recording shows, and why it is kept"
      aria-label="Note on the recording"
      data-testid="recording-note"
      onChange={(event) => setDraft(event.target.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || event.shiftKey) return;
        event.preventDefault();
        event.currentTarget.blur();
      }}
    />
  );
}

function useEdit(recording: Recording) {
  const engine = useEngine();
  const toasts = useToasts();
  return async (body: { name?: string; note?: string }) => {
    try {
      await engine.call('editRecording', { params: { id: recording.id }, body });
      await engine.refreshRecordings();
    } catch (error) {
      toasts.error('The recording was not changed', error);
    }
  };
}

function ExportMenu({ recording }: { recording: Recording }) {
  const engine = useEngine();
  const toasts = useToasts();
  const guarded = (save: () => Promise<void>) => () =>
    void save().catch((error: unknown) => toasts.error(`${recording.name} was not exported`, error));
  const saveHar = guarded(async () =>
    saveFile(`${recording.name}.har`, await engine.download('exportHar', { id: recording.id })),
  );
  const saveRecording = guarded(async () =>
    saveFile(`${recording.name}.drydock-recording`, await engine.download('exportRecordingFile', { id: recording.id })),
  );
  return (
    <Menu
      align="end"
      trigger={
        <Button
          icon={<Download size={14} />}
          data-testid="recording-export"
          disabled={recording.exchanges === 0 && !recording.stubs}
        >
          Export
        </Button>
      }
      items={[
        { heading: 'Secrets stay redacted in every format' },
        { id: 'file', label: 'Recording file, to be imported without loss', onSelect: saveRecording },
        { id: 'har', label: 'HAR, for browsers and other tools', onSelect: saveHar },
        { separator: 'commands' },
        { heading: 'Scripts by the command' },
        { id: 'k6', label: 'Copy “drydock export k6 …”', onSelect: guarded(() => copyCommand('k6', recording)) },
        { id: 'curl', label: 'Copy “drydock export curl …”', onSelect: guarded(() => copyCommand('curl', recording)) },
      ]}
    />
  );
}

function copyCommand(format: 'k6' | 'curl', { id }: Recording): Promise<void> {
  return navigator.clipboard.writeText(`drydock export ${format} ${id}`);
}

function MoreMenu({
  recording,
  onRename,
  onDeleted,
  onMade,
}: {
  recording: Recording;
  onRename: () => void;
  onDeleted: () => void;
  onMade: (id: string) => void;
}) {
  const engine = useEngine();
  const toasts = useToasts();
  const restore = async (id: string) => {
    try {
      await engine.call('restoreRecording', { params: { id } });
      await engine.refreshRecordings();
      onMade(id);
    } catch (error) {
      toasts.error(`${recording.name} did not come back`, error);
    }
  };
  const remove = async () => {
    try {
      const { id } = await engine.call('deleteRecording', { params: { id: recording.id } });
      onDeleted();
      await engine.refreshRecordings();
      toasts.show({
        tone: 'ok',
        title: `${recording.name} is deleted`,
        detail: `${formatCount(recording.exchanges)} exchanges; gone for good in ten minutes`,
        action: { label: 'Undo', run: () => void restore(id) },
      });
    } catch (error) {
      toasts.error('The recording was not deleted', error);
    }
  };
  const duplicate = async () => {
    try {
      const made = await engine.call('keepRecording', { params: { id: recording.id }, body: {} });
      await engine.refreshRecordings();
      onMade(made.id);
    } catch (error) {
      toasts.error('The recording was not duplicated', error);
    }
  };
  return (
    <Menu
      align="end"
      trigger={
        <IconButton
          label={`More for ${recording.name}`}
          variant="default"
          data-testid="recording-more"
          icon={<Ellipsis size={15} />}
        />
      }
      items={[
        { id: 'rename', label: 'Rename', icon: <Pencil size={13} />, onSelect: onRename },
        {
          id: 'duplicate',
          label: 'Duplicate',
          icon: <Copy size={13} />,
          disabled: recording.exchanges === 0 && !recording.stubs,
          onSelect: () => void duplicate(),
        },
        { separator: 'end' },
        { id: 'delete', label: 'Delete', tone: 'bad', icon: <Trash2 size={13} />, onSelect: () => void remove() },
      ]}
    />
  );
}
