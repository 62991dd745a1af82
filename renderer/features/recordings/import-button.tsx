import { Import } from 'lucide-react';
import { useRef, useState } from 'react';
import type { ImportedRecording } from '../../../proxy/api/recording.schema.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, plural, useToasts } from '../../ui/index.ts';
import { ImportReport } from './import-report.tsx';

/** Any file that holds a recording; the engine tells by its content what it is. */
export function ImportButton({ onImported }: { onImported: (id: string) => void }) {
  const engine = useEngine();
  const toasts = useToasts();
  const file = useRef<HTMLInputElement>(null);
  const [told, setTold] = useState<ImportedRecording | null>(null);
  const load = async (chosen: File) => {
    try {
      const recording = await engine.call('importRecordingFile', { body: chosen });
      await engine.refreshRecordings();
      const stubs = recording.stubs === undefined ? '' : plural(recording.stubs, 'stub');
      toasts.ok(`Imported as ${recording.name}`, stubs || plural(recording.exchanges, 'exchange'));
      if (recording.notes.length > 0) setTold(recording);
      onImported(recording.id);
    } catch (error) {
      toasts.error(`${chosen.name} was not imported`, error);
    }
  };
  return (
    <>
      <input
        ref={file}
        type="file"
        accept=".drydock-recording,.har,.zip,.json,application/json"
        className="visually-hidden"
        tabIndex={-1}
        aria-hidden="true"
        data-testid="recording-import-file"
        onChange={(event) => {
          const chosen = event.target.files?.[0];
          if (chosen) void load(chosen);
          event.target.value = '';
        }}
      />
      <Button icon={<Import size={14} />} onClick={() => file.current?.click()}>
        Import
      </Button>
      {told && <ImportReport recording={told} onClose={() => setTold(null)} />}
    </>
  );
}
