import type { Exchange } from '../api/exchange.schema.ts';
import type { MeshEvent } from '../api/observability.schema.ts';
import { type ScenarioRun, scenarioSpecSchema } from '../api/scenario.schema.ts';
import { seededRandom } from '../shared/seeded-random.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import type { LoadResult } from './load-generator.ts';
import type { LoadAssignment, LoadDriver, LoadsSink } from './loads.ts';
import type { Done, ScenarioMesh } from './scenario-mesh.ts';
import { RunningScenario } from './scenario-run.ts';
import { spanIdOf, traceIdOf } from './trace-mark.ts';

/* The timeline by a clock turned by hand; the mesh and the load only tell what was asked of them. */

const said: Done = { ok: true, message: 'done' };
export const browse = {
  name: 'browse',
  from: { service: 'web' },
  for: '10s',
  rate: 10,
  requests: [{ url: 'http://reviews:9080/' }],
};
export const sick = { name: 'sick', at: '2s', spec: { to: { service: 'reviews' }, abort: { httpStatus: 503 } } };

/** A run on a stage: what it asks of the mesh is written down, what its load sees is said by the test. */
export class Stage {
  readonly clock = new ManualClock();
  /** What was asked of the mesh, with its time. */
  readonly calls: string[] = [];
  readonly answers: Partial<Record<keyof ScenarioMesh, () => Done[] | Done | string>> = {};
  sink: LoadsSink | null = null;
  mark = '';
  assignments: readonly LoadAssignment[] = [];
  isClosed = false;
  readonly run: RunningScenario;

  constructor(spec: object, { stepped = false }: { stepped?: boolean } = {}) {
    const say = (what: string) => this.calls.push(`${this.clock.now()} ${what}`);
    const done = async (name: keyof ScenarioMesh, what: string) => {
      say(what);
      return (this.answers[name]?.() ?? said) as Done;
    };
    const mesh: ScenarioMesh = {
      entryOf: () => (this.answers.entryOf?.() as string | undefined) ?? { host: '127.0.0.1', port: 1 },
      encodeMessages: async () => [],
      armFault: (name) => done('armFault', `arm ${name}`),
      removeFault: (name) => done('removeFault', `remove ${name}`),
      change: ({ name }) => done('change', `change ${name}`),
      putBack: async () => {
        say('put back');
        return (this.answers.putBack?.() as Done[] | undefined) ?? [];
      },
      startRecording: (name) => done('startRecording', `record ${name}`),
      stopRecording: () => done('stopRecording', 'stop recording'),
      flush: async () => {},
    };
    const driver: LoadDriver = {
      start: (assignments, mark, sink) => {
        Object.assign(this, { assignments, mark, sink });
        say(assignments.some(({ index }) => index !== undefined) ? `load ${assignments[0]?.planned.load.name}` : 'load');
        return { stop: async () => void say('stop load'), close: () => void say('cut load') };
      },
      close: async () => {
        this.isClosed = true;
      },
    };
    this.run = new RunningScenario({
      ...{
        id: 'r1',
        number: 1,
        namespace: 'default',
        seed: 1,
        baseline: null,
        clock: this.clock,
        random: seededRandom(1),
        mesh,
        stepped,
      },
      scenario: {
        ...{ apiVersion: 'drydock.dev/v1', kind: 'Scenario', metadata: { name: 'drill' } },
        spec: scenarioSpecSchema.parse(spec),
      },
      openLoads: async () => driver,
    });
  }

  /** Moves time in steps, letting what follows from each happen. */
  async advance(ms: number): Promise<void> {
    await this.settle();
    for (let left = ms; left > 0; left -= 100) {
      this.clock.advance(Math.min(100, left));
      await this.settle();
    }
  }
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  }
  async end(): Promise<ScenarioRun> {
    for (let i = 0; i < 40 && this.run.view().finishedAt === null; i++) await this.advance(500);
    return this.run.finished;
  }
  result(number: number, more: Partial<LoadResult> = {}): void {
    const intendedMs = this.assignments[0]!.planned.starts[number]!;
    this.sink!.onResult({
      load: 0,
      number,
      intendedMs,
      sentMs: intendedMs + 1,
      endMs: intendedMs + 21,
      status: 200,
      error: '',
      ...more,
    });
  }
  results(from: number, to: number, more: Partial<LoadResult> = {}): void {
    for (let number = from; number < to; number++) this.result(number, more);
  }
  hop(number: number, more: Partial<Exchange> = {}): void {
    const exchange = {
      ...{
        reporter: 'source',
        source: 'web',
        sourceNamespace: 'default',
        destination: 'reviews',
        destinationNamespace: 'default',
      },
      ...{ destinationVersion: 'v1', method: 'GET', path: '/', status: 200, flags: '', durationMs: 20, attempts: [{}] },
      ...{ traceId: traceIdOf(this.mark, 0, number), parentSpanId: spanIdOf(0, number) },
      ...more,
    } as Exchange;
    this.run.offerExchanges([exchange]);
  }
  event(type: string, subject: string): void {
    const time = new Date(this.clock.wallNow()).toISOString();
    this.run.offerEvents([{ id: 1, time, type, subject, message: `${subject} ${type}`, data: {} } satisfies MeshEvent]);
  }
  states(): string[] {
    return this.run.view().expectations.map(({ state, actual }) => `${state} ${actual}`);
  }
}
