import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLaunchOptions } from './launch-options.ts';

const read = (argv: string[], env: NodeJS.ProcessEnv = {}, isPackaged = false) =>
  readLaunchOptions(['electron', ...argv], env, { cwd: '/work', isPackaged });

describe('the shell command line', () => {
  it('takes mesh files from -f, passing over switches and the app folder', () => {
    const options = read(['--no-sandbox', '--inspect=0', '.', '-f', 'a.yaml', '-f', '/b', '--home', 'h']);
    expect(options.meshFiles).toEqual([path.resolve('/work/a.yaml'), path.resolve('/b')]);
    expect(options.home).toBe(path.resolve('/work/h'));
  });

  it('falls back to DRYDOCK_MESH and DRYDOCK_HOME', () => {
    const options = read(['.'], { DRYDOCK_MESH: `a${path.delimiter}b`, DRYDOCK_HOME: '/home/d' });
    expect(options.meshFiles).toEqual([path.resolve('/work/a'), path.resolve('/work/b')]);
    expect(options.home).toBe('/home/d');
  });

  it('takes a bare path only when it exists, and has no app folder once packaged', () => {
    expect(read([__dirname, 'nothing-here'], {}, true).meshFiles).toEqual([__dirname]);
    expect(read(['.', 'nothing-here', __dirname]).meshFiles).toEqual([__dirname]);
  });
});
