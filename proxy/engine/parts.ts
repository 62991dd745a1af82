import type { Configuration } from '../control-plane/apply.ts';
import type { ConfigReactions } from '../control-plane/config-reactions.ts';
import type { DataPlaneWorkers } from '../control-plane/data-plane/data-plane-workers.ts';
import type { ExchangeIntake } from '../control-plane/exchange-intake.ts';
import type { FileWatcher } from '../control-plane/file-watcher.ts';
import type { HomeLock } from '../control-plane/home.ts';
import type { Housekeeping } from '../control-plane/housekeeping.ts';
import type { GivenProtos } from '../control-plane/message-names/given-protos.ts';
import type { Reflection } from '../control-plane/message-names/reflection.ts';
import type { ReplayCaller } from '../control-plane/replay-send.ts';
import type { Rotation } from '../control-plane/rotation.ts';
import type { ControlServer } from '../control-plane/server/control-server.ts';
import type { StreamHub } from '../control-plane/server/stream-hub.ts';
import type { Simulations } from '../control-plane/simulations.ts';
import type { Supervisor } from '../control-plane/supervisor/supervisor.ts';
import type { ToxiproxyApi, ToxiproxyState } from '../control-plane/toxiproxy/index.ts';
import type { CertificateAuthority } from '../pki/authority.ts';
import type { WorkloadCertificates } from '../pki/workload-certificates.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { RecordingEditor } from '../recorder/recording-editor.ts';
import type { RecordingImporter } from '../recorder/recording-importer.ts';
import type { Redactor } from '../recorder/redact.ts';
import type { Replayer } from '../recorder/replay.ts';
import type { Scenarios } from '../scenarios/scenarios.ts';
import type { Store } from '../store/store.ts';
import type { AccessLog } from '../telemetry/access-log-writer.ts';
import type { OtlpExporter } from '../telemetry/otlp/exporter.ts';
import type { OtlpMetricsExporter } from '../telemetry/otlp/metrics-exporter.ts';
import type { OtlpReceiver } from '../telemetry/otlp/receiver.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** Opened first: what the other parts stand on. */
export interface Foundation {
  lock: HomeLock;
  dataPlane: DataPlaneWorkers;
  store: Store;
  authority: CertificateAuthority;
  /** Of the last run, by what they are for. */
  rememberedPorts: Record<string, number>;
}

/** Opened when all others are there; null until then. */
export interface Listening {
  housekeeping: Housekeeping | null;
  server: ControlServer | null;
  toxiproxy: ToxiproxyApi | null;
  otlp: OtlpReceiver | null;
}

/** Everything an engine consists of. */
export interface Parts extends Foundation, Listening {
  certificates: WorkloadCertificates;
  supervisor: Supervisor;
  telemetry: Telemetry;
  redactor: Redactor;
  recorder: Recorder;
  recordings: RecordingEditor;
  importer: RecordingImporter;
  accessLog: AccessLog;
  otlpExport: OtlpExporter;
  metricsExport: OtlpMetricsExporter;
  configuration: Configuration;
  protos: GivenProtos;
  reflection: Reflection;
  caller: ReplayCaller;
  send: ReplayCaller['send'];
  replayer: Replayer;
  rotation: Rotation;
  simulations: Simulations;
  scenarios: Scenarios;
  hub: StreamHub;
  watcher: FileWatcher;
  intake: ExchangeIntake;
  reactions: ConfigReactions;
  toxiproxyState: ToxiproxyState;
}

/** An event that is not the data plane's. */
export interface Heard {
  type: string;
  subject: string;
  message: string;
  data: Record<string, unknown>;
}
