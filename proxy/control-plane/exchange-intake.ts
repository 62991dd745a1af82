import type { Exchange, ExchangeDetail } from '../api/exchange.schema.ts';
import type { Span } from '../api/observability.schema.ts';
import type { DataPlaneEvent, ExchangeTally } from '../data-plane/messages.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { Redactor } from '../recorder/redact.ts';
import type { Replayer } from '../recorder/replay.ts';
import type { Scenarios } from '../scenarios/scenarios.ts';
import type { Clock } from '../shared/clock.ts';
import type { Store } from '../store/store.ts';
import type { AccessLog } from '../telemetry/access-log-writer.ts';
import type { OtlpExporter } from '../telemetry/otlp/exporter.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { DataPlaneWorkers } from './data-plane/data-plane-workers.ts';
import type { StreamHub } from './server/stream-hub.ts';
import type { Simulations } from './simulations.ts';

export interface ExchangeIntakeDeps {
  clock: Clock;
  dataPlane: Pick<DataPlaneWorkers, 'keepAllExchanges'>;
  redactor: Redactor;
  telemetry: Telemetry;
  store: Store;
  recorder: Recorder;
  replayer: Replayer;
  accessLog: AccessLog;
  otlpExport: OtlpExporter;
  scenarios: Scenarios;
  simulations: Simulations;
  hub: StreamHub;
  /** Of the recent exchanges while a recording runs: what the data plane leaves of a flood without one. */
  recent: { keeps(traceId: string, isFailure: boolean, now: number): boolean };
}

/** Where everything the data plane hands over goes: redacted first, then to whoever wants it. */
export class ExchangeIntake {
  readonly #deps: ExchangeIntakeDeps;

  constructor(deps: ExchangeIntakeDeps) {
    this.#deps = deps;
  }

  /** Finished ones. `dropped` have no record; `tallies` count them. */
  take(exchanges: ExchangeDetail[], dropped: number, tallies: ExchangeTally[]): void {
    const { redactor, telemetry, store, recorder, replayer, accessLog, otlpExport, scenarios, simulations, hub } = this.#deps;
    const safe = simulations.mark(redactor.redact(exchanges));
    telemetry.record(safe);
    telemetry.recordTallies(tallies);
    store.insertExchanges(recorder.isRecording ? this.#recentOf(safe) : safe);
    recorder.offer(safe);
    scenarios.offerExchanges(safe);
    replayer.observe(safe);
    accessLog.record(safe);
    otlpExport.record(safe);
    if (dropped > 0) recorder.noteDropped(dropped);
    if (dropped > 0) scenarios.noteDropped(dropped);
    accessLog.noteDropped(dropped);
    hub.publishExchanges(safe, dropped);
  }

  /** Those that go on for long: `changed` as they are now, `ids` of all there are. */
  takeOpen(changed: Exchange[], ids: string[]): void {
    const { redactor, store, hub, telemetry } = this.#deps;
    const safe = changed.map((exchange) => redactor.redactSummary(exchange));
    for (const exchange of safe) telemetry.noteOpen(exchange);
    store.setOpenExchanges(safe, ids);
    hub.publishExchanges(safe);
  }

  /** A worker took all but these along: whoever watches the others learns that nothing more will come. */
  endOpen(stillOpen: readonly string[]): void {
    const { store, hub } = this.#deps;
    const nothing = { headers: [], body: null, trailers: [] };
    const ended = store.setOpenExchanges([], stillOpen).map(({ open: _open, ...exchange }) => ({
      ...exchange,
      durationMs: Math.max(exchange.durationMs, Date.now() - Date.parse(exchange.time)),
      details: 'data_plane_crashed',
      request: nothing,
      response: nothing,
      timeline: [],
      decision: null,
      peer: { address: '', spiffeId: '' },
      redacted: [],
    }));
    store.insertExchanges(ended);
    hub.publishExchanges(ended);
  }

  /** Spans of the apps themselves. */
  takeAppSpans(spans: readonly Span[]): void {
    const { redactor, store, telemetry, otlpExport } = this.#deps;
    const safe = redactor.redactSpans(spans);
    store.insertAppSpans(safe);
    telemetry.recordAppSpans(safe);
    otlpExport.recordApp(safe);
  }

  takeEvents(events: readonly DataPlaneEvent[]): void {
    const rows = events.map(({ at, type, subject, message, data }) => ({
      time: new Date(at).toISOString(),
      type,
      subject,
      message,
      data,
    }));
    const { store, scenarios, hub } = this.#deps;
    const numbered = store.insertEvents(rows);
    scenarios.offerEvents(numbered);
    hub.publishEvents(numbered);
  }

  /** A recording, an access log and some scenarios promise every request; otherwise the records of a flood may be thinned. */
  chooseWhatIsKept(): void {
    const { dataPlane, recorder, replayer, scenarios, accessLog } = this.#deps;
    dataPlane.keepAllExchanges(recorder.isRecording || replayer.isActive || scenarios.wantsEveryExchange || accessLog.isOn);
  }

  /** A recording takes more than the store of recent exchanges would get without it: that one is thinned as ever, so as not to write all twice. */
  #recentOf(exchanges: readonly ExchangeDetail[]): ExchangeDetail[] {
    const now = this.#deps.clock.now();
    return exchanges.filter(({ traceId, status }) => this.#deps.recent.keeps(traceId, status === 0 || status >= 500, now));
  }
}
