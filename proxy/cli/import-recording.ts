import { access } from 'node:fs/promises';
import type { ImportedRecording } from '../api/recording.schema.ts';
import type { EngineClient } from './client.ts';
import { type CommandContext, CommandError } from './command.ts';

/** The one file that `record export` writes, a HAR (also zipped), a Hoverfly simulation or WireMock mappings: the engine tells them apart. */
export async function importRecording(client: EngineClient, file: string, name: string | undefined): Promise<ImportedRecording> {
  await access(file).catch((error: Error) => {
    throw new CommandError(`${file} cannot be read: ${error.message}`);
  });
  return client.upload('importRecordingFile', { query: { name } }, file);
}

/** What came of it, and every note: an import that leaves something out says so. */
export function printImported({ json, out }: CommandContext, recording: ImportedRecording): number {
  if (json) {
    out.json(recording);
    return 0;
  }
  const { name, exchanges, stubs, id, dropped, notes } = recording;
  const parts = [
    ...(exchanges > 0 || stubs === undefined ? [`${exchanges} ${exchanges === 1 ? 'exchange' : 'exchanges'}`] : []),
    ...(stubs === undefined ? [] : [`${stubs} ${stubs === 1 ? 'stub' : 'stubs'}`]),
    ...(dropped > 0 ? [`${dropped} left out`] : []),
  ];
  out.line(`Imported as ${name}: ${parts.join(', ')} (${id})`);
  if (notes.length > 0) out.line(`${notes.length} ${notes.length === 1 ? 'note' : 'notes'}:`);
  for (const note of notes)
    out.line(`  ${[note.entry, note.field].filter(Boolean).join(' ')}${note.entry || note.field ? ': ' : ''}${note.message}`);
  return 0;
}
