import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine } from '../engine.ts';
import { listen } from '../testing/listen.ts';

const bin = fileURLToPath(new URL('./drydock.mjs', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The real command in a process of its own, to its end. */
export function runDrydock(args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Promise<Ended> {
  return startDrydock(args, options).ended;
}

/** The same while it goes on. */
export interface Running {
  ended: Promise<Ended>;
  /** Resolves as soon as this was written to standard output. */
  says(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

function startDrydock(args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Running {
  const child = spawn(process.execPath, [bin, ...args], options);
  const ended = endOf(child);
  return {
    ended,
    says: (text) =>
      new Promise((resolve) => {
        let seen = '';
        child.stdout.on('data', (chunk) => {
          seen += chunk;
          if (seen.includes(text)) resolve();
        });
      }),
    signal: (name) => void child.kill(name),
  };
}

function endOf(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  return new Promise((resolve) => {
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** An engine with `web` and one service, both version v1 and both the same app, and the command run against it. */
export class CliMesh {
  readonly home: string;
  readonly engine: Engine;
  readonly #service: string;
  readonly #app: http.Server;

  private constructor(home: string, engine: Engine, service: string, app: http.Server) {
    this.home = home;
    this.engine = engine;
    this.#service = service;
    this.#app = app;
  }

  static async start(service: string, answer: http.RequestListener): Promise<CliMesh> {
    const home = await mkdtemp(path.join(tmpdir(), 'drydock-cli-'));
    const app = http.createServer(answer);
    const address = `127.0.0.1:${await listen(app)}`;
    const services = ['web', service].map(
      (name) => `{name: ${name}, port: 9080, workloads: [{version: v1, address: '${address}'}]}`,
    );
    const file = path.join(home, 'mesh.yaml');
    await writeFile(
      file,
      `apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: m}\nspec:\n  services: [${services.join(', ')}]\n`,
    );
    return new CliMesh(home, await Engine.start({ home, paths: [file] }), service, app);
  }

  drydock(...args: string[]): Promise<Ended> {
    return runDrydock([...args, '--home', this.home], { cwd: this.home });
  }

  /** A command that goes on until it is ended. */
  start(...args: string[]): Running {
    return startDrydock([...args, '--home', this.home], { cwd: this.home });
  }

  /** A call of web to the service. */
  ask(route: string): Promise<{ status: number; body: string }> {
    const { hostname, port } = new URL(this.engine.ready().workloads[0]!.outbound);
    return new Promise((resolve, reject) => {
      const options = { host: hostname, port, path: route, headers: { host: `${this.#service}:9080` }, agent: false as const };
      const request = http.get(options, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      request.on('error', reject);
    });
  }

  async close(): Promise<void> {
    await this.engine.stop();
    this.#app.close();
    this.#app.closeAllConnections();
    await rm(this.home, { recursive: true, force: true });
  }
}
