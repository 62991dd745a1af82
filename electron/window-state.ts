import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What the shell remembers between runs. */
export interface DesktopMemory {
  bounds?: Bounds;
  maximized?: boolean;
  /** The mesh files opened last, newest mesh first. */
  recentMeshes?: string[][];
}

/** Reads what was remembered; a missing or damaged file is an empty memory, never an error. */
export function readMemory(file: string): DesktopMemory {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return {}; // first run
  }
  try {
    return repair(JSON.parse(text));
  } catch {
    return {}; // a damaged file costs the window's place, nothing more
  }
}

export function writeMemory(file: string, memory: DesktopMemory): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, JSON.stringify(memory, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Window bounds that lie on a screen that is still there; otherwise undefined, and the window opens centred. */
export function visibleBounds(bounds: Bounds | undefined, screens: readonly Bounds[]): Bounds | undefined {
  if (!bounds) return undefined;
  const grip = 80; // enough of the title bar to take hold of
  const onScreen = screens.some(
    (screen) =>
      bounds.x + bounds.width >= screen.x + grip &&
      bounds.x <= screen.x + screen.width - grip &&
      bounds.y >= screen.y - 10 &&
      bounds.y <= screen.y + screen.height - grip,
  );
  return onScreen ? bounds : undefined;
}

function repair(value: unknown): DesktopMemory {
  if (typeof value !== 'object' || value === null) return {};
  const { bounds, maximized, recentMeshes } = value as Record<string, unknown>;
  return {
    bounds: isBounds(bounds) ? bounds : undefined,
    maximized: maximized === true,
    recentMeshes: Array.isArray(recentMeshes) ? recentMeshes.filter(isFileList).slice(0, 10) : [],
  };
}

function isFileList(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((file) => typeof file === 'string' && path.isAbsolute(file));
}

function isBounds(value: unknown): value is Bounds {
  if (typeof value !== 'object' || value === null) return false;
  const { x, y, width, height } = value as Record<string, unknown>;
  return [x, y, width, height].every((n) => Number.isFinite(n)) && (width as number) >= 400 && (height as number) >= 300;
}
