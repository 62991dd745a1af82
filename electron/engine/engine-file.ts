import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Connection } from '../desktop-api.ts';

/** A running engine's `<home>/engine.json`, which only the user can read. */
export interface EngineFile extends Connection {
  pid: number;
  /** What it was started with. */
  paths?: string[];
}

/** What GET /status of a live engine says, as far as the shell needs it. */
export interface LiveEngine {
  pid: number;
  connection: Connection;
  ingress: string;
  /** Mesh files and folders it was started with; of an engine that does not say, the files it reads. */
  files: string[];
}

/** @returns null when there is no engine file or it is not whole: both mean that no engine runs here */
export async function readEngineFile(home: string): Promise<EngineFile | null> {
  try {
    const value: unknown = JSON.parse(await readFile(path.join(home, 'engine.json'), 'utf8'));
    return isEngineFile(value) ? value : null;
  } catch {
    return null; // absent, or being written: the caller starts an engine, which settles who owns the home
  }
}

function isEngineFile(value: unknown): value is EngineFile {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, url, token } = value as Record<string, unknown>;
  return Number.isInteger(pid) && typeof token === 'string' && token !== '' && typeof url === 'string' && isLoopbackUrl(url);
}

/** A control URL is always on this machine; anything else in a file is not followed. */
export function isLoopbackUrl(url: string): boolean {
  try {
    const { protocol, hostname } = new URL(url);
    return protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
  } catch {
    return false; // not an address
  }
}

/** Asks the engine itself, so that a stale file or a reused process id is found out. null = nobody answers as our engine. */
export async function probeEngine(file: EngineFile, timeoutMs = 2_000): Promise<LiveEngine | null> {
  try {
    const response = await fetch(`${file.url.replace(/\/$/, '')}/api/v1/status`, {
      headers: { authorization: `Bearer ${file.token}` },
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    });
    if (!response.ok) return null;
    const status = (await response.json()) as { pid?: unknown; ingress?: unknown; files?: unknown };
    if (typeof status.pid !== 'number') return null;
    return {
      pid: status.pid,
      connection: { url: file.url, token: file.token },
      ingress: typeof status.ingress === 'string' ? status.ingress : '',
      files: namesIn(file.paths).length > 0 ? namesIn(file.paths) : namesIn(status.files),
    };
  } catch {
    return null; // refused, timed out or not JSON: no engine of ours
  }
}

function namesIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];
}
