import type { Diagnostic } from '../api/diagnostic.schema.ts';
import { meshesOf } from '../config/hosts.ts';
import type { Applied } from '../config/index.ts';
import type { Redactor } from '../recorder/redact.ts';
import { accessLogSettings } from '../telemetry/access-log-settings.ts';
import type { AccessLog } from '../telemetry/access-log-writer.ts';
import type { OtlpExporter } from '../telemetry/otlp/exporter.ts';
import type { OtlpMetricsExporter } from '../telemetry/otlp/metrics-exporter.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Committed, Configuration } from './apply.ts';
import { appliedEvents, rejectionWords } from './config-events.ts';
import { DataPlaneGone } from './data-plane/data-plane-thread.ts';
import type { EngineLog } from './engine-log.ts';
import type { ExchangeIntake } from './exchange-intake.ts';
import type { FileWatcher } from './file-watcher.ts';
import { splitsOf } from './graph-facts.ts';
import type { StreamHub } from './server/stream-hub.ts';
import type { Simulations } from './simulations.ts';
import type { Supervisor } from './supervisor/supervisor.ts';
import { supervisedWorkloads } from './workloads.ts';

export interface ConfigReactionsDeps {
  /** Files and folders the user named. */
  paths: readonly string[];
  configuration: Configuration;
  supervisor: Supervisor;
  redactor: Redactor;
  accessLog: AccessLog;
  otlpExport: OtlpExporter;
  metricsExport: OtlpMetricsExporter;
  telemetry: Telemetry;
  simulations: Simulations;
  intake: ExchangeIntake;
  hub: StreamHub;
  watcher: FileWatcher;
  log: EngineLog;
  emit: (type: string, subject: string, message: string, data: Record<string, unknown>) => void;
}

/** What follows from a configuration that is in force, or refused, and what makes one change by itself: files, ports others took. */
export class ConfigReactions {
  readonly #deps: ConfigReactionsDeps;
  /** Why a run: service has another port than before, by workload. */
  readonly #moved = new Map<string, string>();
  /** Why what is on disk now is not what runs; '' when it is. */
  filesRejected = '';

  constructor(deps: ConfigReactionsDeps) {
    this.#deps = deps;
  }

  async committed(committed: Committed, applied: readonly Applied[]): Promise<void> {
    const { supervisor, redactor, accessLog, otlpExport, metricsExport, telemetry, simulations, intake, hub, emit, log } =
      this.#deps;
    const mesh = meshesOf(committed.set)[0]?.mesh.spec;
    redactor.setNames(committed.snapshot.redact);
    accessLog.set(accessLogSettings(committed.set));
    otlpExport.set(mesh?.tracing?.exportTo ?? '');
    metricsExport.set(mesh?.metrics?.exportTo ?? '');
    const identities = new Map(committed.snapshot.proxies.map(({ workload }) => [workload.id, workload.spiffeId]));
    telemetry.follow({ splits: splitsOf(committed), health: mesh?.health, identities });
    intake.chooseWhatIsKept();
    await supervisor.setWorkloads(supervisedWorkloads(committed, process.env, this.#moved));
    const { meshName, version } = committed.snapshot;
    for (const { type, subject, message, data } of appliedEvents(meshName, version, applied)) emit(type, subject, message, data);
    hub.statusChanged();
    // Not awaited: it changes the config again.
    void simulations.follow().catch((error: Error) => log.write(`Stand-ins: ${error.stack}`));
  }

  rejected(diagnostics: readonly Diagnostic[], source: string): void {
    const reason = rejectionWords(diagnostics);
    if (source === 'files') this.filesRejected = `The files on disk are not in force: ${reason}`;
    this.#deps.hub.statusChanged();
    const data = { diagnostics: diagnostics.slice(0, 20) };
    this.#deps.emit('config.rejected', source, `Rejected, nothing changed: ${reason}`, data);
  }

  /** Another program holds a run: service's port. */
  async moveApp(id: string, port: number, owner: string): Promise<void> {
    const { configuration, emit } = this.#deps;
    this.#moved.set(id, `Moved here because ${owner} holds port ${port}`);
    try {
      const outcome = await configuration.moveApp(id);
      const to = configuration.current.appAddresses[id]?.port;
      if (!outcome.ok || to === undefined || to === port) return;
      emit('service.moved', id, `${id} moved from port ${port}, which ${owner} holds, to ${to}`, { from: port, to, owner });
    } catch (error) {
      if (!(error instanceof DataPlaneGone)) throw error; // it asks again
    }
  }

  async filesChanged(): Promise<void> {
    const { configuration, watcher, paths, log } = this.#deps;
    try {
      const outcome = await configuration.reloadFiles();
      if (outcome.ok) this.filesRejected = '';
    } catch (error) {
      if (!(error instanceof DataPlaneGone)) throw error;
      log.write(`files changed while the data plane was away: ${error.message}`);
    }
    await watcher.watch(paths, configuration.files);
  }
}
