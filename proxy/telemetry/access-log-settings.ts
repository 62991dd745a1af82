import path from 'node:path';
import { meshesOf } from '../config/hosts.ts';
import type { ResourceSet } from '../config/index.ts';
import type { AccessLogSettings } from './access-log-writer.ts';

/** What the mesh says of its access log: null when it is off. A relative file lies beside the mesh file, as `cwd` does. */
export function accessLogSettings(set: ResourceSet): AccessLogSettings | null {
  const first = meshesOf(set)[0];
  const wanted = first?.mesh.spec.accessLog;
  if (first === undefined || wanted === undefined || wanted.file === '') return null;
  const { file } = first.entry.resource;
  // One applied live has no file of its own: beside it is where the engine was started.
  const folder = first.entry.live ? process.cwd() : path.dirname(path.resolve(file));
  return { file: path.resolve(folder, wanted.file), encoding: wanted.encoding };
}
