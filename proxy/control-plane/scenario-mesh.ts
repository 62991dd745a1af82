import { stringify } from 'yaml';
import type { FaultSpec } from '../api/fault.schema.ts';
import type { Scenario, ScenarioLoad } from '../api/scenario.schema.ts';
import { shiftWeights } from '../config/shift-weights.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { Done, ScenarioChange, ScenarioMesh } from '../scenarios/scenario-mesh.ts';
import { durationOf } from '../scenarios/timeline.ts';
import type { LoadEntry } from '../scenarios/wires/load-wire.ts';
import { formatDurationMs } from '../shared/duration.ts';
import { encodeMessage } from '../shared/proto-encode.ts';
import type { ProtoTypes } from '../shared/proto-types.ts';
import type { ApplyOutcome, Configuration, Touched } from './apply.ts';
import { faultDocument } from './fault-status.ts';
import { findEntry } from './find-entry.ts';
import type { Supervisor } from './supervisor/supervisor.ts';

export interface ScenarioMeshParts {
  configuration: Configuration;
  recorder: Recorder;
  supervisor: Supervisor;
  /** Descriptors that know a gRPC method of a service (of any, where the name is none), or why there are none. */
  typesOf(namespace: string, service: string, method: string): Promise<ProtoTypes | string>;
  /** Everything finished so far has reached whoever counts it. */
  flush(): Promise<void>;
}

/** A fault whose run could not remove it ends by itself this long after the scenario. */
const faultMarginMs = 120_000;

/** The mesh as one run of a scenario changes it, and how it was before. */
export class MeshOfScenario implements ScenarioMesh {
  readonly #parts: ScenarioMeshParts;
  readonly #scenario: Scenario;
  readonly #touched: Touched[] = [];
  readonly #armed = new Set<string>();
  /** Workloads whose process was stopped (true) or started (false) in the run. */
  readonly #halted = new Map<string, boolean>();
  #recording: string | null = null;

  constructor(parts: ScenarioMeshParts, scenario: Scenario) {
    this.#parts = parts;
    this.#scenario = scenario;
  }

  entryOf({ from, requests }: ScenarioLoad): LoadEntry | string {
    const { current } = this.#parts.configuration;
    if (from === undefined) return findEntry(current, { kind: 'ingress', port: portOf(requests[0]?.url ?? '') });
    const namespace = from.namespace ?? this.#namespace;
    const entry = findEntry(current, { kind: 'workload', workload: '', service: from.service, namespace });
    return typeof entry === 'string' ? `no workload of ${namespace}/${from.service} is in the mesh` : entry;
  }

  async encodeMessages({ requests }: ScenarioLoad): Promise<(Uint8Array | null)[] | string> {
    const messages: (Uint8Array | null)[] = [];
    for (const { url, message, messageBytes } of requests) {
      if (messageBytes !== undefined || message === undefined) {
        messages.push(messageBytes === undefined ? null : Buffer.from(messageBytes, 'base64'));
        continue;
      }
      const { hostname, pathname: method } = new URL(url);
      const [service = '', namespace = this.#namespace] = hostname.split('.');
      const types = await this.#parts.typesOf(namespace, service, method);
      if (typeof types === 'string') return `${method} needs the names of its fields, and ${types}`;
      try {
        messages.push(encodeMessage(types, types.methods.get(method)?.input ?? '', message));
      } catch (error) {
        return `the message of ${method} does not fit: ${(error as Error).message}`;
      }
    }
    return messages;
  }

  /** As POST /faults does. */
  async armFault(name: string, spec: FaultSpec): Promise<Done> {
    const { configuration } = this.#parts;
    if (configuration.current.set.get('Fault', this.#namespace, name)) {
      return { ok: false, message: `there is a fault ${name} already: remove it first` };
    }
    const expires = formatDurationMs(durationOf(this.#scenario.spec) + faultMarginMs);
    const request = { name, namespace: this.#namespace, spec: { ...spec, expires } };
    const outcome = await configuration.applyText(faultDocument(request, name), this.#file);
    if (!outcome.ok) return refused(outcome);
    this.#armed.add(name);
    return { ok: true, message: `Fault ${name} armed` };
  }

  async removeFault(name: string): Promise<Done> {
    const outcome = await this.#parts.configuration.remove('Fault', this.#namespace, name);
    this.#armed.delete(name);
    if (outcome && !outcome.ok) return refused(outcome);
    return { ok: true, message: outcome ? `Fault ${name} removed` : `Fault ${name} was gone already` };
  }

  async change(change: ScenarioChange): Promise<Done> {
    const said: string[] = [];
    const { apply = [], delete: removed = [], shift, stop, start } = change;
    if (apply.length > 0 || removed.length > 0) {
      const done = await this.#changeResources(apply, removed);
      if (!done.ok) return done;
      said.push(done.message);
    }
    if (shift) {
      const { set } = this.#parts.configuration.current;
      const shifted = shiftWeights(set, { namespace: this.#namespace, ...shift });
      if (!shifted.ok) return shifted;
      const done = await this.#changeResources(shifted.documents, []);
      if (!done.ok) return done;
      said.push(done.message);
    }
    for (const [id, halted] of [
      [stop, true],
      [start, false],
    ] as const) {
      if (id === undefined) continue;
      if (!(await this.#setHalted(id, halted))) return { ok: false, message: `Drydock does not run a workload ${id}` };
      said.push(`${id} ${halted ? 'stopped' : 'started'}`);
    }
    return { ok: true, message: said.join('; ') };
  }

  async putBack(): Promise<Done[]> {
    const { configuration, supervisor } = this.#parts;
    const done: Done[] = [];
    for (const name of [...this.#armed]) done.push(await this.removeFault(name));
    if (this.#touched.length > 0) {
      const outcome = await configuration.takeBack([...this.#touched].reverse());
      this.#touched.length = 0;
      if (!outcome.ok) done.push(refused(outcome));
      else if (outcome.applied.length > 0) {
        const names = outcome.applied.map(({ kind, name }) => `${kind} ${name}`);
        done.push({ ok: true, message: `Put back: ${[...new Set(names)].join(', ')}` });
      }
      for (const { kind, name } of outcome.left) {
        done.push({ ok: false, message: `${kind} ${name} was changed by someone else meanwhile and is left as it is` });
      }
    }
    for (const [id, halted] of this.#halted) {
      if (!(await supervisor.setHalted(id, !halted))) continue;
      done.push({ ok: true, message: `${id} ${halted ? 'started' : 'stopped'} again` });
    }
    this.#halted.clear();
    return done;
  }

  async startRecording(name: string): Promise<Done> {
    const started = await this.#parts.recorder.start({ name });
    if (!started.ok) return { ok: false, message: started.message };
    this.#recording = started.value.id;
    return { ok: true, message: `Recording as ${name}` };
  }

  async stopRecording(): Promise<Done> {
    if (this.#recording === null) return { ok: true, message: '' };
    const stopped = await this.#parts.recorder.stop(this.#recording);
    this.#recording = null;
    if (!stopped.ok) return { ok: false, message: stopped.message };
    return { ok: true, message: `Recorded ${stopped.value.exchanges} exchanges as ${stopped.value.name}` };
  }

  flush(): Promise<void> {
    return this.#parts.flush();
  }

  async #changeResources(
    documents: readonly unknown[],
    removals: readonly { kind: string; name: string; namespace?: string | undefined }[],
  ): Promise<Done> {
    const yaml = documents.map((document) => stringify(document)).join('---\n');
    const gone = removals.map(({ kind, name, namespace }) => ({ kind, name, namespace: namespace ?? this.#namespace }));
    const outcome = await this.#parts.configuration.changeResources(yaml, this.#file, gone);
    if (!outcome.ok) return refused(outcome);
    this.#touched.push(...outcome.touched);
    return { ok: true, message: outcome.applied.map(({ kind, name, status }) => `${kind} ${name} ${status}`).join(', ') };
  }

  /** False when it is not a run: workload. */
  async #setHalted(id: string, halted: boolean): Promise<boolean> {
    const { supervisor } = this.#parts;
    const was = supervisor.isHalted(id);
    if (was === null || !(await supervisor.setHalted(id, halted))) return false;
    if (was === halted) return true;
    // Stopped and started again within the run is as it was.
    if (this.#halted.has(id)) this.#halted.delete(id);
    else this.#halted.set(id, halted);
    return true;
  }

  get #namespace(): string {
    return this.#scenario.metadata.namespace ?? this.#parts.configuration.current.set.defaultNamespace;
  }
  get #file(): string {
    return `scenario ${this.#scenario.metadata.name}`;
  }
}

function refused({ diagnostics }: Pick<ApplyOutcome, 'diagnostics'>): Done {
  const first = diagnostics.find(({ severity }) => severity === 'error');
  return { ok: false, message: first?.message ?? 'it was rejected' };
}

function portOf(url: string): number {
  const port = /^http:\/\/[^/]*:(\d+)(\/|$)/.exec(url)?.[1];
  return port === undefined ? 80 : Number(port);
}
