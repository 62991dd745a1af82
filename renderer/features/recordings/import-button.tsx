import { Import } from 'lucide-react';
import { useRef } from 'react';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, plural, useToasts } from '../../ui/index.ts';

/** Any file that holds a recording; the engine tells by its content what it is. */
export function ImportButton({ onImported }: { onImported: (id: string) => void }) {
  const engine = useEngine();
  const toasts = useToasts();
  const file = useRef<HTMLInputElement>(null);
  const load = async (chosen: File) => {
    try {
      const recording = await engine.call('importRecordingFile', { body: chosen });
      await engine.refreshRecordings();
      toasts.ok(`Imported as ${recording.name}`, plural(recording.exchanges, 'exchange'));
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
    </>
  );
}
