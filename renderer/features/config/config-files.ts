import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { liveFile } from './file-names.ts';

export interface ConfigFile {
  /** Absolute path, or one of the two names above. */
  path: string;
  /** The last part of the path, with the folder where two would be the same. */
  name: string;
  resources: readonly Resource[];
  /** Some object of this file runs as applied live, not as it stands on disk. */
  changedLive: boolean;
}

/** Every file in force with what it holds, in the engine's order; what belongs to no file comes last. */
export function groupByFile(files: readonly string[], resources: readonly Resource[]): ConfigFile[] {
  const byFile = new Map<string, Resource[]>(files.map((file) => [file, []]));
  for (const resource of resources) {
    const { file, live } = resource.source;
    const key = byFile.has(file) || !live ? file : liveFile;
    byFile.set(key, [...(byFile.get(key) ?? []), resource]);
  }
  const bases = [...byFile.keys()].map(baseName);
  return [...byFile]
    .sort(([a], [b]) => Number(a === liveFile) - Number(b === liveFile))
    .map(([path, held]) => ({
      path,
      name: bases.filter((base) => base === baseName(path)).length > 1 ? path.split(/[\\/]/).slice(-2).join('/') : baseName(path),
      resources: held.sort((a, b) => a.source.line - b.source.line),
      changedLive: path !== liveFile && held.some((resource) => resource.source.live),
    }));
}

const baseName = (path: string) => path.split(/[\\/]/).at(-1) ?? path;

/** The running documents of a file as one text. */
export function textOf(resources: readonly Resource[]): string {
  return resources.length === 0 ? '' : `${resources.map(({ yaml }) => yaml.trim()).join('\n---\n')}\n`;
}

export interface ServiceFacts {
  name: string;
  namespace: string;
  versions: readonly string[];
}

/** Routing for every service with several versions: a DestinationRule of its versions and a VirtualService that shares evenly. */
export function generateRouting(services: readonly ServiceFacts[]): string {
  const documents = services.flatMap(({ name, namespace, versions }) => {
    if (versions.length === 0) return [];
    const subsets = versions.map((version) => `    - name: ${version}\n      labels: { version: ${version} }`);
    const rule = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  host: ${name}
  subsets:
${subsets.join('\n')}`;
    const even = Math.floor(100 / versions.length);
    const routes = versions.map((version, at) => {
      const weight = at === 0 ? 100 - even * (versions.length - 1) : even;
      return `        - destination: { host: ${name}, subset: ${version} }\n          weight: ${weight}`;
    });
    return [
      rule,
      `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  hosts: [${name}]
  http:
    - name: split
      route:
${routes.join('\n')}`,
    ];
  });
  return documents.length === 0 ? '' : `${documents.join('\n---\n')}\n`;
}
