import { existsSync } from 'node:fs';
import path from 'node:path';

/** Where the shell finds the other parts, in the checkout and when packaged. */
export interface Places {
  page: string;
  preload: string;
  icon: string;
  sample: string;
  /** The command line's script: sources in the checkout, JavaScript when packaged. */
  engineScript: string;
  /** The Node that runs the engine and the sample's traffic; null = Electron's own. */
  node: string | null;
}

export function findPlaces(appFolder: string, env: NodeJS.ProcessEnv, packagedResources: string | null): Places {
  const inApp = (...parts: string[]) => path.join(appFolder, ...parts);
  return {
    page: inApp('renderer', 'dist'),
    preload: inApp('electron', 'dist', 'preload.cjs'),
    icon: inApp('electron', 'assets', 'icon.png'),
    sample: packagedResources ? path.join(packagedResources, 'samples', 'shop') : inApp('samples', 'shop'),
    engineScript: inApp('proxy', 'cli', 'drydock.mjs'),
    node: packagedResources ? null : findNode(appFolder, env),
  };
}

function findNode(appFolder: string, env: NodeJS.ProcessEnv): string {
  if (env.DRYDOCK_NODE) return env.DRYDOCK_NODE;
  const own = path.join(appFolder, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return existsSync(own) ? own : 'node';
}

/** The environment for the engine and its services: the user's, without what belongs to Electron. */
export function engineEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(ELECTRON_|CHROME_|NODE_OPTIONS$)/.test(name)));
}
