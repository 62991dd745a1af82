import { open, readFile } from 'node:fs/promises';
import type { Recording } from '../api/recording.schema.ts';
import type { EngineClient } from './client.ts';
import { CommandError } from './command.ts';

/** A HAR, or the one file that `record export` writes: told by how it begins. */
export async function importRecording(client: EngineClient, file: string, name: string | undefined): Promise<Recording> {
  if (await isRecordingFile(file)) return client.upload('importRecordingFile', { query: { name } }, file);
  return client.call('importHar', { body: await readHar(file) });
}

async function isRecordingFile(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch((error: Error) => {
    throw new CommandError(`${file} cannot be read: ${error.message}`);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(32), 0, 32, 0);
    const start = buffer.subarray(0, bytesRead);
    return (start[0] === 0x1f && start[1] === 0x8b) || start.toString('latin1').startsWith('{"drydock":"recording"');
  } finally {
    await handle.close();
  }
}

async function readHar(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CommandError(`${file} cannot be read as HAR: ${(error as Error).message}`);
  }
}
