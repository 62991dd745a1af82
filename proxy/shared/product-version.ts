import { readFileSync } from 'node:fs';

/** Of this Drydock, as package.json has it: `0.1.0`. */
export function productVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}
