import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stopProcess } from './nginx.ts';

/** A script of bench/lib as a process of its own that says things line by line. */
export class Child {
  readonly process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];

  /** `command`: what runs it, e.g. a shell with other limits; Node itself by default. */
  constructor(script: string, parameters: readonly string[], command: readonly string[] = [process.execPath]) {
    const file = fileURLToPath(new URL(`./${script}`, import.meta.url));
    const [program, ...before] = command as [string, ...string[]];
    this.process = spawn(program, [...before, file, ...parameters], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.process.stdout! }).on('line', (line) => {
      const waiter = this.#waiting.shift();
      if (waiter === undefined) this.#lines.push(line);
      else waiter.resolve(line);
    });
    this.process.once('exit', (code) => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`${script} ended with ${code}`));
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** The next line it says; rejects when it ends instead. */
  line(): Promise<string> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    return new Promise((resolve, reject) => {
      if (this.process.exitCode !== null) reject(new Error(`ended with ${this.process.exitCode}`));
      else this.#waiting.push({ resolve, reject });
    });
  }

  ask(line: string): Promise<string> {
    this.process.stdin!.write(`${line}\n`);
    return this.line();
  }

  stop(): Promise<void> {
    return stopProcess(this.process);
  }
}
