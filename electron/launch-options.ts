import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface LaunchOptions {
  /** The engine's home: CA, database, engine.json. */
  home: string;
  /** Mesh files the user named on the command line or in DRYDOCK_MESH; empty = whatever was open last. */
  meshFiles: string[];
  /** Send the sample shop's own traffic when the sample is what runs. */
  sampleTraffic: boolean;
}

/**
 * Reads the shell's command line: `-f FILE` (several), `--home DIR`, `--no-traffic`, bare paths of mesh files or folders. Electron's and
 * Chromium's own switches, and the app folder in development, are passed over.
 */
export function readLaunchOptions(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  { cwd, isPackaged }: { cwd: string; isPackaged: boolean },
): LaunchOptions {
  const options: LaunchOptions = { home: env.DRYDOCK_HOME || defaultHome(env), meshFiles: [], sampleTraffic: true };
  let skippedAppFolder = isPackaged;
  for (let index = 1; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    const next = argv[index + 1];
    if ((argument === '-f' || argument === '--file') && next !== undefined) {
      options.meshFiles.push(path.resolve(cwd, next));
      index += 1;
    } else if (argument === '--home' && next !== undefined) {
      options.home = path.resolve(cwd, next);
      index += 1;
    } else if (argument === '--no-traffic') {
      options.sampleTraffic = false;
    } else if (!argument.startsWith('-')) {
      if (!skippedAppFolder) skippedAppFolder = true;
      else if (existsSync(path.resolve(cwd, argument))) options.meshFiles.push(path.resolve(cwd, argument));
    }
  }
  if (options.meshFiles.length === 0 && env.DRYDOCK_MESH) {
    options.meshFiles = env.DRYDOCK_MESH.split(path.delimiter)
      .filter((file) => file !== '')
      .map((file) => path.resolve(cwd, file));
  }
  return options;
}

/** The platform's data folder, as the command line uses it when no --home is given. */
export function defaultHome(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  const user = os.homedir();
  if (platform === 'darwin') return path.join(user, 'Library', 'Application Support', 'drydock');
  if (platform === 'win32') return path.join(env.LOCALAPPDATA ?? path.join(user, 'AppData', 'Local'), 'drydock');
  return path.join(env.XDG_DATA_HOME ?? path.join(user, '.local', 'share'), 'drydock');
}
