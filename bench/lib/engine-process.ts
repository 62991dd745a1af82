import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ApplyResult } from '../../proxy/api/diagnostic.schema.ts';
import type { Ready, Status } from '../../proxy/api/status.schema.ts';

const command = fileURLToPath(new URL('../../proxy/cli/drydock.mjs', import.meta.url));
const startLimitMs = 60_000;
const stopLimitMs = 15_000;

export interface EngineProcessOptions {
  /** Folder for database, CA and ports; kept between runs for a warm start. */
  home: string;
  /** Mesh and policies as YAML documents. */
  yaml: string;
  /** Arguments for Node itself, e.g. `--expose-gc`. */
  nodeArguments?: readonly string[];
}

/** The real command, `drydock up --json --headless`, as a process of its own. */
export class EngineProcess {
  readonly ready: Ready;
  /** Spawn to ready line, milliseconds. */
  readonly readyMs: number;
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ready: Ready, readyMs: number) {
    this.#child = child;
    this.pid = child.pid!;
    this.ready = ready;
    this.readyMs = readyMs;
  }

  /** Rejects with what the command printed when it does not get ready. */
  static start(options: EngineProcessOptions): Promise<EngineProcess> {
    const file = path.join(options.home, 'mesh.yaml');
    writeFileSync(file, options.yaml);
    const startedAt = performance.now();
    const child = spawn(
      process.execPath,
      [...(options.nodeArguments ?? []), command, 'up', '--json', '--headless', '--home', options.home, '-f', file],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    return new Promise((resolve, reject) => {
      let printed = '';
      const fail = (reason: string) => {
        child.kill('SIGKILL');
        reject(new Error(`${reason}\n${printed}`));
      };
      const timer = setTimeout(() => fail('the engine was not ready in time'), startLimitMs);
      child.stderr.on('data', (chunk: Buffer) => {
        printed = (printed + chunk.toString()).slice(-4000);
      });
      child.once('exit', (code) => fail(`the engine ended with ${code}`));
      createInterface({ input: child.stdout }).once('line', (line) => {
        const readyMs = performance.now() - startedAt;
        clearTimeout(timer);
        const message = JSON.parse(line) as Ready;
        if (message.event !== 'ready') fail(line);
        else resolve(new EngineProcess(child, message, readyMs));
      });
    });
  }

  /** Resident memory of the whole process with its threads, in MB (10^6 bytes). */
  residentMb(): number {
    const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'));
    return (Number(line?.[1] ?? 0) * 1024) / 1e6;
  }

  /** Processor seconds used so far by all threads. */
  cpuSeconds(): number {
    return cpuSecondsOf([this.pid]);
  }

  /** Where the first HTTP port of a workload's sidecar listens, `host:port`. */
  address(workload: string, listener: 'inbound' | 'outbound'): string {
    const found = this.ready.workloads.find((one) => one.id === workload);
    if (!found) throw new Error(`no workload ${workload} in ${this.ready.workloads.map((one) => one.id).join(', ')}`);
    return found[listener].replace(/^https?:\/\//, '');
  }

  status(): Promise<Status> {
    return this.#call<Status>('GET', '/status');
  }

  apply(yaml: string): Promise<ApplyResult> {
    return this.#call<ApplyResult>('POST', '/apply', yaml);
  }

  /** Any operation of the API: JSON in, JSON out. */
  api<T>(method: string, route: string, body?: unknown): Promise<T> {
    return this.#call<T>(method, route, body === undefined ? undefined : JSON.stringify(body), 'application/json');
  }

  async #call<T>(method: string, route: string, body?: string, type = 'application/yaml'): Promise<T> {
    const { url, token } = this.ready.control;
    const response = await fetch(`${url}/api/v1${route}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  }

  /** As a crash or a power cut of the process: nothing of it runs any more when this resolves. */
  kill(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return resolve();
      this.#child.removeAllListeners('exit');
      this.#child.once('exit', () => resolve());
      this.#child.kill('SIGKILL');
    });
  }

  /** Drains and stops; kills what has not ended by then. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null) return resolve();
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopLimitMs);
      this.#child.removeAllListeners('exit');
      this.#child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#child.kill('SIGTERM');
    });
  }
}

/** Processor seconds these processes have used, all threads, user and system. */
export function cpuSecondsOf(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
}

/** A folder of this run's own, removed when `work` is done. */
export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'drydock-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The port of `127.0.0.1:80` or `http://127.0.0.1:80/`. */
export function portOf(address: string): number {
  return Number(/:(\d+)\/?$/.exec(address)?.[1]);
}
