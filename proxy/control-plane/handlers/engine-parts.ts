import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import type { ClusterStatus } from '../../api/observability.schema.ts';
import type { Status } from '../../api/status.schema.ts';
import type { DataPlaneCounters } from '../../data-plane/messages.ts';
import type { WorkloadCertificates } from '../../pki/workload-certificates.ts';
import type { Recorder } from '../../recorder/recorder.ts';
import type { RecordingEditor } from '../../recorder/recording-editor.ts';
import type { RecordingImporter } from '../../recorder/recording-importer.ts';
import type { Redactor } from '../../recorder/redact.ts';
import type { Replayer, ReplaySend } from '../../recorder/replay.ts';
import type { Scenarios } from '../../scenarios/scenarios.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Store } from '../../store/store.ts';
import type { GraphFacts, Telemetry } from '../../telemetry/telemetry.ts';
import type { Configuration } from '../apply.ts';
import type { GivenProtos } from '../message-names/given-protos.ts';
import type { Reflection } from '../message-names/reflection.ts';
import type { Rotation } from '../rotation.ts';
import type { Simulations } from '../simulations.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { ToxicTypes, ToxiproxyState } from '../toxiproxy/index.ts';

/** What the operations of the API work on; engine/open-api.ts puts it together. */
export interface EngineParts {
  clock: Clock;
  configuration: Configuration;
  certificates: WorkloadCertificates;
  supervisor: Supervisor;
  store: Store;
  telemetry: Telemetry;
  recorder: Recorder;
  recordings: RecordingEditor;
  importer: RecordingImporter;
  replayer: Replayer;
  rotation: Rotation;
  simulations: Simulations;
  scenarios: Scenarios;
  send: ReplaySend;
  status(): Promise<Status>;
  /** Asked of the data plane now; the last known while it restarts. */
  counters(): Promise<DataPlaneCounters | null>;
  clusters(): Promise<ClusterStatus[]>;
  /** One that still goes on, redacted; null when there is none of that id. */
  openExchange(id: string): Promise<ExchangeDetail | null>;
  reflection: Reflection;
  protos: GivenProtos;
  redactor: Redactor;
  /** Everything finished so far has reached store and telemetry. */
  flush(): Promise<void>;
  graphFacts(): GraphFacts;
  random: () => number;
  /** The demo's mesh file; need not exist. */
  demoFile: string;
  /** Drains and stops, after the answer has gone out. */
  shutdown(): void;
  toxiproxyState: ToxiproxyState;
  toxicTypes: ToxicTypes;
}
