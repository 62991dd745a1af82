import type { ServiceOutput } from '../../api/status.schema.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { LineRing } from './line-ring.ts';
import { type ProbeTarget, probe } from './probe.ts';
import { type ProcessExit, type ServiceProcess, startProcess } from './service-process.ts';
import { Watchdog } from './watchdog.ts';

/** A workload to watch, and to run when it has a command. */
export interface SupervisedWorkload {
  id: string;
  target: ProbeTarget;
  /** The target's port was chosen by Drydock: when another program holds it, it can be another. */
  portIsOurs: boolean;
  /** Said beside its health; '' when there is nothing to say. */
  note: string;
  /** Null: the developer runs it. */
  run: { command: string; cwd: string; env: Record<string, string>; readyTimeoutMs: number } | null;
}

export interface WorkloadHealth {
  /** `unknown` until the first probe. */
  health: 'unknown' | 'starting' | 'ready' | 'down' | 'restarting' | 'exited';
  message: string;
  process: { pid: number | null; command: string; restarts: number; startedAt: string | null } | null;
}

export interface SupervisorOptions {
  clock: Clock;
  onEvent: (event: { type: string; subject: string; message: string; data: Record<string, unknown> }) => void;
  /** Any workload's health changed. */
  onChange: () => void;
  isPortFree: (port: number) => Promise<boolean>;
  /** Who holds a port, in words; '' when it cannot be told. */
  findPortOwner: (port: number) => Promise<string>;
  /** A run: service cannot start on its port, which Drydock chose and `owner` holds: it waits for setWorkloads with another. */
  onPortTaken: (id: string, port: number, owner: string) => void;
}

const startingProbeMs = 100;
const steadyProbeMs = 2_000;
const firstBackoffMs = 500;
const maxBackoffMs = 30_000;
/** A process that lived this long has recovered: its next failure waits the first back-off again. */
const recoveredAfterMs = 10_000;
const stopGraceMs = 3_000;
const portLooks = 3;
const portLookMs = 100;

/** Starts, watches, restarts and stops run: services; probes the ones the developer runs. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #watchdog = new Watchdog();
  readonly #workloads = new Map<string, Supervised>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Takes the workloads there are now: starts new ones, stops those gone, restarts those whose command, folder or environment changed. */
  async setWorkloads(workloads: readonly SupervisedWorkload[]): Promise<void> {
    const wanted = new Map(workloads.map((workload) => [workload.id, workload]));
    const stopping: Promise<void>[] = [];
    for (const [id, supervised] of this.#workloads) {
      const next = wanted.get(id);
      if (next && JSON.stringify(next) === JSON.stringify(supervised.workload)) continue;
      this.#workloads.delete(id);
      stopping.push(supervised.stop());
    }
    await Promise.all(stopping);
    for (const workload of workloads) {
      if (this.#workloads.has(workload.id)) continue;
      const supervised = new Supervised(workload, this.#options, this.#watchdog);
      this.#workloads.set(workload.id, supervised);
      supervised.start();
    }
  }

  /** Resolves when every run: service is ready or has failed once, at the latest after `timeoutMs`. */
  async settled(timeoutMs: number): Promise<void> {
    let timer: Timer | null = null;
    const timeout = new Promise<void>((resolve) => {
      timer = this.#options.clock.setTimer(resolve, timeoutMs);
    });
    await Promise.race([timeout, Promise.all([...this.#workloads.values()].map((supervised) => supervised.settled))]);
    (timer as Timer | null)?.cancel();
  }

  health(id: string): WorkloadHealth {
    return this.#workloads.get(id)?.health() ?? { health: 'unknown', message: '', process: null };
  }

  /** Null when there is no such workload or the developer runs it. */
  output(id: string): ServiceOutput | null {
    const supervised = this.#workloads.get(id);
    return supervised?.workload.run ? { workload: id, lines: supervised.output.list() } : null;
  }

  /** False when there is no such run: service. */
  async restart(id: string): Promise<boolean> {
    const supervised = this.#workloads.get(id);
    if (!supervised?.workload.run) return false;
    await supervised.restart();
    return true;
  }

  /** Stops the process of a run: service until it is started again, or starts it. False when there is no such service. */
  async setHalted(id: string, halted: boolean): Promise<boolean> {
    const supervised = this.#workloads.get(id);
    if (!supervised?.workload.run) return false;
    await (halted ? supervised.halt() : supervised.resume());
    return true;
  }

  /** Null when there is no such run: service. */
  isHalted(id: string): boolean | null {
    const supervised = this.#workloads.get(id);
    return supervised?.workload.run ? supervised.isHalted : null;
  }

  async close(): Promise<void> {
    const all = [...this.#workloads.values()];
    this.#workloads.clear();
    await Promise.all(all.map((supervised) => supervised.stop()));
    this.#watchdog.close();
  }
}

class Supervised {
  readonly workload: SupervisedWorkload;
  readonly output: LineRing;
  readonly settled: Promise<void>;
  readonly #options: SupervisorOptions;
  readonly #watchdog: Watchdog;
  #settle: () => void = () => {};
  #state: WorkloadHealth['health'] = 'unknown';
  #message = '';
  #process: ServiceProcess | null = null;
  #startedAt = 0;
  #startedWall: string | null = null;
  #restarts = 0;
  #backoffMs = firstBackoffMs;
  #timer: Timer | null = null;
  #stopped = false;
  /** Counts attempts to start: one that was overtaken while it looked at its port does nothing. */
  #launches = 0;
  #halted = false;

  constructor(workload: SupervisedWorkload, options: SupervisorOptions, watchdog: Watchdog) {
    this.workload = workload;
    this.#options = options;
    this.#watchdog = watchdog;
    this.output = new LineRing(options.clock.wallNow);
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    if (!workload.run) this.#settle();
  }

  start(): void {
    if (this.workload.run) void this.#launch(this.workload.run);
    else this.#probeIn(0);
  }

  async restart(): Promise<void> {
    this.#halted = false;
    this.#timer?.cancel();
    const running = this.#process;
    this.#process = null; // its exit is wanted, not a failure
    await running?.stop(stopGraceMs);
    if (this.#stopped || !this.workload.run) return;
    this.#restarts++;
    this.#backoffMs = firstBackoffMs;
    await this.#launch(this.workload.run);
  }

  get isHalted(): boolean {
    return this.#halted;
  }

  /** No process until resume() or restart(). */
  async halt(): Promise<void> {
    if (this.#halted) return;
    this.#halted = true;
    this.#timer?.cancel();
    const running = this.#process;
    this.#process = null;
    await running?.stop(stopGraceMs);
    if (this.#stopped) return;
    this.output.add('drydock', 'stopped on request');
    this.#become('down', 'stopped on request');
    this.#settle();
    this.#event('service.stopped', `${this.workload.id} stopped on request`, {});
  }

  async resume(): Promise<void> {
    if (this.#halted) await this.restart();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#settle();
    const running = this.#process;
    this.#process = null;
    await running?.stop(stopGraceMs);
  }

  health(): WorkloadHealth {
    const { run } = this.workload;
    return {
      health: this.#state,
      message: this.#message,
      process: run && {
        pid: this.#process?.pid ?? null,
        command: run.command,
        restarts: this.#restarts,
        startedAt: this.#startedWall,
      },
    };
  }

  /** Starts it when its port is free. Whoever else holds the port would be taken for the service, and the service would fail for ever. */
  async #launch(run: NonNullable<SupervisedWorkload['run']>): Promise<void> {
    const launch = ++this.#launches;
    const { port } = this.workload.target;
    const free = await this.#becomesFree(port);
    const owner = free ? '' : (await this.#options.findPortOwner(port)) || 'another program';
    if (this.#stopped || this.#halted || this.#process !== null || launch !== this.#launches) return;
    if (free) {
      this.#startProcess(run);
      this.#probeIn(startingProbeMs);
    } else this.#blocked(port, owner);
  }

  /** What a service that just ended left behind lets go of its port within a moment. */
  async #becomesFree(port: number): Promise<boolean> {
    for (let look = 1; look < portLooks; look++) {
      if (await this.#options.isPortFree(port)) return true;
      await new Promise<void>((resolve) => void this.#options.clock.setTimer(resolve, portLookMs));
    }
    return this.#options.isPortFree(port);
  }

  #blocked(port: number, owner: string): void {
    const { id, portIsOurs } = this.workload;
    const message = portIsOurs
      ? `${id} cannot start on port ${port}, which ${owner} holds: it gets another`
      : `${id} cannot start: its port ${port} is held by ${owner}. End that, or give the service another address`;
    if (message !== this.#message) {
      this.output.add('drydock', message);
      this.#event('service.blocked', message, { port, owner });
    }
    this.#become('down', message);
    this.#settle();
    if (portIsOurs) this.#options.onPortTaken(id, port, owner);
    const waitMs = this.#backoffMs;
    this.#backoffMs = Math.min(maxBackoffMs, this.#backoffMs * 2);
    this.#timer = this.#options.clock.setTimer(() => {
      if (this.workload.run) void this.#launch(this.workload.run);
    }, waitMs);
  }

  #startProcess(run: NonNullable<SupervisedWorkload['run']>): void {
    const { clock } = this.#options;
    this.#startedAt = clock.now();
    this.#startedWall = new Date(clock.wallNow()).toISOString();
    if (this.workload.note !== '') this.output.add('drydock', this.workload.note);
    this.output.add('drydock', `starting: ${run.command}`);
    const started: { process: ServiceProcess | null } = { process: null };
    started.process = startProcess({
      ...run,
      output: this.output,
      watchdog: this.#watchdog,
      clock,
      onExit: (exit) => {
        if (this.#process !== null && this.#process === started.process) this.#exited(exit);
      },
    });
    this.#process = started.process;
    this.#become('starting', this.workload.note);
    this.#event('service.started', `${this.workload.id} started: ${run.command}`, {
      pid: this.#process.pid,
      command: run.command,
    });
  }

  #exited(exit: ProcessExit): void {
    this.#process = null;
    this.#timer?.cancel();
    const livedMs = this.#options.clock.now() - this.#startedAt;
    if (livedMs >= recoveredAfterMs) this.#backoffMs = firstBackoffMs;
    const waitMs = this.#backoffMs;
    this.#backoffMs = Math.min(maxBackoffMs, this.#backoffMs * 2);
    const how = exit.error || (exit.signal ? `was ended by ${exit.signal}` : `exited with code ${exit.code}`);
    const said = this.output.lastWords();
    const message = `${this.workload.id} ${how} after ${(livedMs / 1000).toFixed(1)} s${said ? `; it said: ${said}` : ''}`;
    this.output.add('drydock', `${how}; starting again in ${waitMs / 1000} s`);
    this.#become(exit.error ? 'exited' : 'restarting', message);
    this.#event('service.exited', message, { code: exit.code, signal: exit.signal, restartInMs: waitMs });
    this.#settle();
    this.#timer = this.#options.clock.setTimer(() => {
      if (this.#stopped || !this.workload.run) return;
      this.#restarts++;
      void this.#launch(this.workload.run);
    }, waitMs);
  }

  #probeIn(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.setTimer(() => void this.#probe(), delayMs);
  }

  async #probe(): Promise<void> {
    const watched = this.#process;
    const problem = await probe(this.workload.target);
    // It exited or was restarted while the probe was under way: that has its own next step.
    if (this.#stopped || watched !== this.#process) return;
    if (problem === '') this.#answered();
    else this.#silent(problem);
    this.#probeIn(this.#state === 'starting' ? startingProbeMs : steadyProbeMs);
  }

  #answered(): void {
    if (this.#state !== 'ready') {
      const seconds = ((this.#options.clock.now() - this.#startedAt) / 1000).toFixed(1);
      if (this.#process) this.#event('service.ready', `${this.workload.id} is ready after ${seconds} s`, {});
      else if (this.#state === 'down') this.#event('service.up', `${this.workload.id} answers again`, {});
    }
    this.#become('ready', this.workload.note);
    this.#settle();
  }

  #silent(problem: string): void {
    const { run, id } = this.workload;
    const waited = this.#options.clock.now() - this.#startedAt;
    if (run && this.#state === 'starting' && waited < run.readyTimeoutMs) {
      this.#message = problem;
      return;
    }
    if (this.#state !== 'down') {
      const late = run && this.#state === 'starting' ? ` (not ready after ${Math.round(waited / 1000)} s)` : '';
      this.#event('service.down', `${id} is down: ${problem}${late}`, { reason: problem });
    }
    this.#become('down', problem);
    this.#settle();
  }

  #become(state: WorkloadHealth['health'], message: string): void {
    const changed = state !== this.#state || message !== this.#message;
    this.#state = state;
    this.#message = message;
    if (changed) this.#options.onChange();
  }

  #event(type: string, message: string, data: Record<string, unknown>): void {
    if (!this.#stopped) this.#options.onEvent({ type, subject: this.workload.id, message, data });
  }
}
