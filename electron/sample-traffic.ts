import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';

/** Sends the sample shop its customers while the sample is what runs. */
export class SampleTraffic {
  readonly #node: string;
  readonly #sampleFolder: string;
  #child: ChildProcess | null = null;
  #ingress = '';

  constructor(node: string, sampleFolder: string) {
    this.#node = node;
    this.#sampleFolder = sampleFolder;
  }

  /** Follows the engine: '' = none runs. The same ingress again changes nothing. */
  sendTo(ingress: string): void {
    if (ingress === this.#ingress && this.#child) return;
    this.stop();
    this.#ingress = ingress;
    if (!ingress) return;
    const child = spawn(this.#node, [path.join(this.#sampleFolder, 'traffic.mjs'), ingress], {
      stdio: 'ignore',
      windowsHide: true,
    });
    child.once('error', (error) => console.error(`sample traffic: ${error.message}`));
    child.once('exit', () => {
      if (this.#child === child) this.#child = null;
    });
    this.#child = child;
  }

  stop(): void {
    this.#child?.kill('SIGTERM');
    this.#child = null;
    this.#ingress = '';
  }
}

/** Whether what is opened is the sample shop. */
export function isSample(meshFiles: readonly string[], sampleFolder: string): boolean {
  return meshFiles.length > 0 && meshFiles.every((file) => file === sampleFolder || file.startsWith(sampleFolder + path.sep));
}
