import type { Connection, EngineState } from '../desktop-api.ts';
import { isLoopbackUrl, type LiveEngine } from './engine-file.ts';
import type { EngineProcess, LaunchEngine } from './engine-process.ts';

//            ┌────────── attach (an engine answers) ──────────┐
//            │                                                ▼
//   start ─▶ starting ── ready line ─▶ running ── it ends ─▶ restarting ── ready line ─▶ running
//            │                                                │
//            └── it cannot start (config) ─▶ failed ◀─────────┘ too many times in a row
//
// `stopped` is what stop() leaves. An engine that was already running when we came is never stopped by us.

export interface SupervisorParts {
  launch: LaunchEngine;
  /** Looks for an engine that already runs on this home. */
  findRunning(): Promise<LiveEngine | null>;
  log(message: string): void;
  /** How long to wait before start n+1 after n failures in a row. */
  backoffMs?: (failures: number) => number;
  /** An engine that lived this long has recovered: the next crash counts as the first. */
  stableMs?: number;
  readyTimeoutMs?: number;
  stopTimeoutMs?: number;
  /** How often an engine that we did not start is asked whether it still lives. */
  watchMs?: number;
}

export interface RunningEngine {
  pid: number;
  connection: Connection;
  ingress: string;
  /** Started by this shell, so stopped with it. */
  ours: boolean;
}

interface Attempt {
  process: EngineProcess;
  exited: Promise<string>;
}

const maxFailures = 6;

export class EngineSupervisor {
  readonly #parts: Required<SupervisorParts>;
  readonly #listeners = new Set<(state: EngineState, engine: RunningEngine | null) => void>();
  #state: EngineState = { state: 'stopped', message: 'The engine is not running.' };
  #engine: RunningEngine | null = null;
  #meshFiles: readonly string[] = [];
  #attempt: Attempt | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failures = 0;
  /** These files have run before, so an engine that now cannot start may be able to in a moment (a port still taken, say). */
  #hasRun = false;
  /** Raised by start() and stop(): whatever an older run still reports is no longer wanted. */
  #run = 0;

  constructor(parts: SupervisorParts) {
    this.#parts = {
      backoffMs: (failures) => (failures <= 1 ? 100 : Math.min(10_000, 250 * 2 ** failures)),
      stableMs: 30_000,
      readyTimeoutMs: 60_000,
      stopTimeoutMs: 8_000,
      watchMs: 1_000,
      ...parts,
    };
  }

  get state(): EngineState {
    return this.#state;
  }

  /** What runs, or is started again in its place: an attached engine's own files. */
  get meshFiles(): readonly string[] {
    return this.#meshFiles;
  }

  get engine(): RunningEngine | null {
    return this.#engine;
  }

  onChange(listener: (state: EngineState, engine: RunningEngine | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Attaches to a running engine, or starts one for these files. Stops what it ran before. */
  async start(meshFiles: readonly string[]): Promise<void> {
    await this.stop();
    this.#meshFiles = meshFiles;
    this.#failures = 0;
    this.#hasRun = false;
    const run = ++this.#run;
    this.#set({ state: 'starting', message: 'Starting the engine …' });
    await this.#attachOrLaunch(run);
  }

  /** Ends our own engine and its services; an attached one goes on. */
  async stop(): Promise<void> {
    this.#run += 1;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const attempt = this.#attempt;
    this.#attempt = null;
    this.#engine = null;
    if (attempt) await this.#end(attempt);
    this.#set({ state: 'stopped', message: 'The engine is stopped.' });
  }

  async #end(attempt: Attempt): Promise<void> {
    attempt.process.terminate();
    const insist = setTimeout(() => attempt.process.kill(), this.#parts.stopTimeoutMs);
    await attempt.exited;
    clearTimeout(insist);
  }

  async #attachOrLaunch(run: number): Promise<void> {
    const live = await this.#parts.findRunning();
    if (run !== this.#run) return;
    if (!live) {
      this.#launch(run);
      return;
    }
    if (live.files.length > 0) this.#meshFiles = live.files;
    this.#engine = { pid: live.pid, connection: live.connection, ingress: live.ingress, ours: false };
    this.#set({ state: 'running', message: `Attached to the engine that was already running (process ${live.pid}).` });
    this.#watch(run);
  }

  /** An attached engine tells us nothing when it ends, so ask; when it has ended, start our own in its place. */
  #watch(run: number): void {
    this.#timer = setTimeout(() => {
      void this.#parts.findRunning().then((live) => {
        if (run !== this.#run) return;
        if (live && live.pid === this.#engine?.pid) this.#watch(run);
        else this.#lost(run, 'The engine that was running has ended; starting one in its place …');
      });
    }, this.#parts.watchMs);
  }

  #lost(run: number, message: string): void {
    this.#engine = null;
    this.#set({ state: 'restarting', message });
    void this.#attachOrLaunch(run);
  }

  #launch(run: number): void {
    const child = this.#parts.launch(this.#meshFiles);
    const startedAtMs = performance.now();
    let failure: string | null = null;
    let errorOutput = '';
    let wasReady = false;
    const tooSlow = setTimeout(() => {
      failure = `The engine was not ready after ${this.#parts.readyTimeoutMs / 1000} s.`;
      child.kill();
    }, this.#parts.readyTimeoutMs);
    const exited = new Promise<string>((resolve) => child.onExit(resolve));
    this.#attempt = { process: child, exited };
    child.onErrorOutput((text) => {
      errorOutput = (errorOutput + text).slice(-4_000);
      this.#parts.log(text.trimEnd());
    });
    child.onLine((line) => {
      const message = readMessage(line);
      if (message?.kind === 'error') failure = message.text;
      if (message?.kind !== 'ready' || run !== this.#run) return;
      clearTimeout(tooSlow);
      wasReady = true;
      this.#hasRun = true;
      this.#engine = message.engine;
      this.#set({ state: 'running', message: `The engine is running (process ${message.engine.pid}).` });
    });
    void exited.then((reason) => {
      clearTimeout(tooSlow);
      if (run !== this.#run) return;
      this.#attempt = null;
      this.#engine = null;
      if (performance.now() - startedAtMs > this.#parts.stableMs) this.#failures = 0;
      if (failure !== null && !this.#hasRun) this.#fail(failure);
      else this.#crashed(run, reason, wasReady ? lastWords(errorOutput) : (failure ?? lastWords(errorOutput)));
    });
  }

  #crashed(run: number, reason: string, lastWords: string): void {
    this.#failures += 1;
    const told = lastWords ? `${reason}: ${lastWords}` : reason;
    this.#parts.log(`engine ended (${told})`);
    if (this.#failures >= maxFailures) {
      this.#fail(`The engine ended ${this.#failures} times in a row (${told}).`);
      return;
    }
    this.#set({ state: 'restarting', message: `The engine stopped (${told}). Restarting it …` });
    this.#timer = setTimeout(() => void this.#attachOrLaunch(run), this.#parts.backoffMs(this.#failures));
  }

  #fail(message: string): void {
    this.#set({ state: 'failed', message });
  }

  #set(state: EngineState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state, this.#engine);
  }
}

type EngineMessage = { kind: 'ready'; engine: RunningEngine } | { kind: 'error'; text: string };

/** The lines of `up --json`; other output is passed over. */
export function readMessage(line: string): EngineMessage | null {
  if (!line.startsWith('{')) return null;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null; // a log line that happens to begin with a brace
  }
  if (value.event === 'error') return { kind: 'error', text: describeDiagnostics(value.diagnostics) };
  if (value.event !== 'ready') return null;
  const control = value.control as { url?: unknown; token?: unknown } | undefined;
  if (typeof control?.url !== 'string' || typeof control.token !== 'string' || !isLoopbackUrl(control.url)) return null;
  return {
    kind: 'ready',
    engine: {
      pid: typeof value.pid === 'number' ? value.pid : 0,
      connection: { url: control.url, token: control.token },
      ingress: typeof value.ingress === 'string' ? value.ingress : '',
      ours: true,
    },
  };
}

function describeDiagnostics(value: unknown): string {
  const diagnostics = (Array.isArray(value) ? value : []) as {
    severity?: string;
    message?: string;
    file?: string;
    line?: number;
  }[];
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity !== 'warning' && diagnostic.severity !== 'info');
  const first = errors[0] ?? diagnostics[0];
  if (!first?.message) return 'The engine could not start.';
  const place = first.file ? ` (${first.file}${first.line === undefined ? '' : `:${first.line}`})` : '';
  const more = errors.length > 1 ? ` And ${errors.length - 1} more.` : '';
  return `The engine could not start: ${first.message}${place}.${more}`;
}

/** What a process said before it ended: Node prints its error above a stack and its version, so prefer a line that names an error. */
function lastWords(text: string): string {
  const lines = text.trim().split('\n');
  const words = lines.findLast((line) => /^\w*(Error|error)\b.*:/.test(line.trim())) ?? lines.at(-1) ?? '';
  return words.trim().slice(0, 300);
}
