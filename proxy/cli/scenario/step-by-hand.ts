import { createInterface } from 'node:readline';
import type { ScenarioRun } from '../../api/scenario.schema.ts';
import type { EngineClient } from '../client.ts';
import type { Output } from '../output.ts';

/** Lines of the standard input step a run: an empty one carries out the next entry, `run` or the input's end lets the rest run on by the clock. */
export class StepByHand {
  readonly #client: EngineClient;
  readonly #out: Output;
  readonly #lines = createInterface({ input: process.stdin });
  /** One after the other: lines that come at once are as many steps. */
  #doing: Promise<void> = Promise.resolve();
  #told = '';
  #id = '';

  constructor(client: EngineClient, out: Output) {
    this.#client = client;
    this.#out = out;
    this.#lines.on('line', (line) => this.#ask(line.trim() !== ''));
    this.#lines.on('close', () => this.#ask(true));
  }

  /** What the next step does, told once. */
  show({ id, stepped }: ScenarioRun): void {
    this.#id = id;
    const next = stepped?.next?.join(', ') ?? '';
    if (next === this.#told) return;
    this.#told = next;
    if (next !== '')
      this.#out.error(
        `${this.#out.style('bold', '⏎')} next: ${next}  ${this.#out.style('dim', '(or type run: the rest comes by the clock)')}`,
      );
  }

  close(): void {
    this.#lines.removeAllListeners();
    this.#lines.close();
  }

  #ask(runOn: boolean): void {
    this.#doing = this.#doing.then(async () => {
      try {
        await this.#waitForNext();
        await this.#client.call('stepScenarioRun', { params: { id: this.#id }, body: { runOn } });
      } catch (error) {
        // It ended meanwhile, or runs on already: the run itself tells.
        if (this.#told !== '') this.#out.error(`drydock: ${(error as Error).message}`);
      }
    });
  }

  /** A line may come before the run has begun: it is meant for the first step. */
  async #waitForNext(): Promise<void> {
    for (let tries = 0; tries < 120 && this.#told === ''; tries++) await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
