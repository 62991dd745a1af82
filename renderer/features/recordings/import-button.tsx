import { Import } from 'lucide-react';
import { useState } from 'react';
import type { ImportedRecording } from '../../../proxy/api/recording.schema.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { FileButton, plural, useToasts } from '../../ui/index.ts';
import { ImportReport } from './import-report.tsx';

/** Any file that holds a recording; the engine tells by its content what it is. */
export function ImportButton({ onImported }: { onImported: (id: string) => void }) {
  const engine = useEngine();
  const toasts = useToasts();
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
      <FileButton
        icon={<Import size={14} />}
        accept=".drydock-recording,.har,.zip,.json,application/json"
        inputTestId="recording-import-file"
        onFiles={([chosen]) => chosen && void load(chosen)}
      >
        Import
      </FileButton>
      {told && <ImportReport recording={told} onClose={() => setTold(null)} />}
    </>
  );
}
