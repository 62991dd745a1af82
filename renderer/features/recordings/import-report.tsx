import type { ImportedRecording } from '../../../proxy/api/recording.schema.ts';
import { Button, Dialog, plural } from '../../ui/index.ts';

/** What an import could not take over, or took over in another way: by entry and field of the file. */
export function ImportReport({ recording, onClose }: { recording: ImportedRecording; onClose: () => void }) {
  const { name, notes, dropped } = recording;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Imported as ${name}`}
      description={`${plural(notes.length, 'note')}${dropped > 0 ? `, ${plural(dropped, 'entry', 'entries')} left out` : ''}. Everything else was taken over as it stood.`}
      footer={<Button onClick={onClose}>Close</Button>}
    >
      <table className="dd-table rec-import-notes" aria-label="What the import noticed" data-testid="import-report">
        <thead>
          <tr>
            <th scope="col">Where</th>
            <th scope="col">Field</th>
            <th scope="col">What</th>
          </tr>
        </thead>
        <tbody>
          {notes.map(({ entry, field, message }) => (
            <tr key={`${entry} ${field} ${message}`}>
              <td>{entry || 'the file'}</td>
              <td className="mono">{field}</td>
              <td>{message}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
