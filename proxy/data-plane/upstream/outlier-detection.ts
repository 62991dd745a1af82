import type { Clock, Timer } from '../clock.ts';
import type { OutlierDetection } from '../snapshot.ts';
import type { Host } from './host.ts';
import { findRateOutliers } from './success-rate.ts';

export type EjectionReason =
  | 'consecutive-5xx'
  | 'consecutive-gateway-errors'
  | 'consecutive-local-origin-failures'
  | 'success-rate'
  | 'failure-percentage'
  | 'local-origin-success-rate'
  | 'local-origin-failure-percentage'
  | 'by-hand';

export interface Ejection {
  host: Host;
  reason: EjectionReason;
  /** The counter that fired; 0 for rates. */
  threshold: number;
  /** `5 × consecutive-5xx`, `success-rate 50 % below 52 % (mean 90 % − 1.9 σ)` */
  why: string;
  durationMs: number;
  /** Which ejection of this host it is, from 1. */
  count: number;
  exchanges: string[];
}

export interface OutlierEvents {
  onEjected(ejection: Ejection): void;
  onReturned(host: Host, ejectedForMs: number, byHand: boolean): void;
  onNotEjected(host: Host, reason: string): void;
}

const MAX_CAUSES = 16;

/**
 * Passive health checking of one cluster in one proxy (Envoy: intro/arch_overview/upstream/outlier,
 * source/common/upstream/outlier_detection_impl.cc; DestinationRule outlierDetection).
 *
 *   attempt's outcome ──▶ host's counters ──exactly N──▶ within maxEjectionPercent? ──▶ ejected until …
 *   interval tick     ──▶ ejected long enough? returned, counters 0 · rates that stand out? ejected · healthy for an interval? multiplier − 1
 *
 * The interval runs from the first outcome reported and rests while there is nothing to do, keeping its phase.
 */
export class OutlierDetector {
  #config: OutlierDetection;
  readonly #clock: Clock;
  readonly #hosts: () => readonly Host[];
  readonly #events: OutlierEvents;
  #timer: Timer | null = null;
  #anchor: number | null = null;
  #activity = false;
  #ejected = 0;

  constructor(config: OutlierDetection, clock: Clock, hosts: () => readonly Host[], events: OutlierEvents) {
    this.#config = config;
    this.#clock = clock;
    this.#hosts = hosts;
    this.#events = events;
  }

  get ejectedCount(): number {
    return this.#ejected;
  }

  /** New settings; ejections in force stay. */
  setConfig(config: OutlierDetection): void {
    const intervalChanged = config.intervalMs !== this.#config.intervalMs;
    this.#config = config;
    if (intervalChanged && this.#timer !== null) {
      this.#stop();
      this.#anchor = this.#clock.now();
      this.#arm();
    }
  }

  /** An HTTP status came (a gRPC status in headers counts as the status it maps to). */
  reportStatus(host: Host, status: number, exchangeId: string): void {
    this.#wake();
    const counted = this.#countedStatus(status);
    if (counted < 500) {
      const { outlier } = host;
      outlier.externalRate.add(true);
      outlier.consecutive5xx = 0;
      outlier.consecutiveGatewayErrors = 0;
      if (outlier.causes.length > 0 && outlier.ejectedAt === null) outlier.causes = [];
      return;
    }
    this.#reportServerError(host, counted, exchangeId);
  }

  /** With error codes of its own a cluster's other 5xx are successes, and a listed status below 500 counts as 500 (Envoy: error_matcher). */
  #countedStatus(status: number): number {
    const { errorCodes } = this.#config;
    if (errorCodes === undefined) return status;
    if (errorCodes.includes(status)) return Math.max(status, 500);
    return status < 500 ? status : 200;
  }

  /** No status came: a timeout counts as 504, a failed connection or a reset as 503, unless local errors are counted apart. */
  reportLocalOrigin(host: Host, failure: 'timeout' | 'connect-failed', exchangeId: string): void {
    this.#wake();
    if (!this.#config.splitExternalLocalOriginErrors) {
      this.#reportServerError(host, failure === 'timeout' ? 504 : 503, exchangeId);
      return;
    }
    const { outlier } = host;
    this.#addCause(host, exchangeId);
    outlier.localRate.add(false);
    outlier.consecutiveLocalOriginFailures++;
    const threshold = this.#config.consecutiveLocalOriginFailures;
    if (threshold === 0 || outlier.consecutiveLocalOriginFailures !== threshold) return;
    if (this.#trigger(host, 'consecutive-local-origin-failures', threshold)) outlier.consecutiveLocalOriginFailures = 0;
  }

  /** A connection was there for the request: clears the local-origin counter. */
  reportConnected(host: Host): void {
    host.outlier.consecutiveLocalOriginFailures = 0;
    if (this.#config.splitExternalLocalOriginErrors) host.outlier.localRate.add(true);
  }

  /** Hosts that left the cluster no longer count as ejected. */
  forget(host: Host): void {
    if (host.outlier.ejectedAt !== null) this.#ejected--;
  }

  /** Out at once, for as long as the detector's next ejection would last; how many may be out does not count. False: it is out already. */
  ejectByHand(host: Host): boolean {
    if (host.removed || host.outlier.ejectedAt !== null) return false;
    this.#wake();
    this.#eject(host, 'by-hand', 0, 'by hand');
    return true;
  }

  /** Back before its time. False: it is not out. */
  readmit(host: Host): boolean {
    if (host.removed || host.outlier.ejectedAt === null) return false;
    this.#return(host, this.#clock.now(), true);
    return true;
  }

  /** Detection was switched off: everyone returns. */
  close(): void {
    this.#stop();
    for (const host of this.#hosts()) if (host.outlier.ejectedAt !== null) this.#return(host, this.#clock.now());
  }

  /** Stops the interval without returning anyone. */
  stop(): void {
    this.#stop();
  }

  #reportServerError(host: Host, status: number, exchangeId: string): void {
    const { outlier } = host;
    const config = this.#config;
    this.#addCause(host, exchangeId);
    outlier.externalRate.add(false);
    // Both counters see the response before any ejection resets one, the gateway counter first, as in Envoy.
    if (status === 502 || status === 503 || status === 504) {
      outlier.consecutiveGatewayErrors++;
      if (config.consecutiveGatewayErrors !== 0 && outlier.consecutiveGatewayErrors === config.consecutiveGatewayErrors) {
        if (this.#trigger(host, 'consecutive-gateway-errors', config.consecutiveGatewayErrors))
          outlier.consecutiveGatewayErrors = 0;
      }
    } else {
      outlier.consecutiveGatewayErrors = 0;
    }
    outlier.consecutive5xx++;
    if (config.consecutive5xx !== 0 && outlier.consecutive5xx === config.consecutive5xx) {
      if (this.#trigger(host, 'consecutive-5xx', config.consecutive5xx)) outlier.consecutive5xx = 0;
    }
  }

  #addCause(host: Host, exchangeId: string): void {
    const { causes } = host.outlier;
    if (host.outlier.ejectedAt !== null) return;
    if (causes.length === MAX_CAUSES) causes.shift();
    causes.push(exchangeId);
  }

  /** True when the counter that fired starts again, whether the host was ejected or not; false for a host already out or gone. */
  #trigger(host: Host, reason: EjectionReason, threshold: number, why = `${threshold} × ${reason}`): boolean {
    if (host.removed || host.outlier.ejectedAt !== null) return false;
    const hosts = this.#hosts().length;
    const allowedPercent = Math.min(100, this.#config.maxEjectionPercent);
    if ((100 * (this.#ejected + 1)) / hosts > allowedPercent) {
      this.#events.onNotEjected(host, tooManyEjected(allowedPercent, hosts, this.#ejected));
    } else {
      this.#eject(host, reason, threshold, why);
    }
    return true;
  }

  #eject(host: Host, reason: EjectionReason, threshold: number, why: string): void {
    const { outlier } = host;
    const now = this.#clock.now();
    const base = this.#config.baseEjectionMs;
    const longest = this.#longestMs();
    if (outlier.multiplier * base < longest + base) outlier.multiplier++;
    const durationMs = Math.min(base * outlier.multiplier, longest);
    outlier.ejectedAt = now;
    outlier.ejectedUntil = now + durationMs;
    outlier.reason = reason;
    outlier.ejections++;
    this.#ejected++;
    const exchanges = outlier.causes;
    outlier.causes = [];
    this.#events.onEjected({ host, reason, threshold, why, durationMs, count: outlier.ejections, exchanges });
  }

  #return(host: Host, now: number, byHand = false): void {
    const { outlier } = host;
    const ejectedForMs = now - (outlier.ejectedAt ?? now);
    outlier.ejectedAt = null;
    outlier.reason = '';
    outlier.consecutive5xx = 0;
    outlier.consecutiveGatewayErrors = 0;
    outlier.consecutiveLocalOriginFailures = 0;
    outlier.causes = [];
    outlier.returnedAt = now;
    this.#ejected--;
    this.#events.onReturned(host, ejectedForMs, byHand);
  }

  #tick(): void {
    this.#timer = null;
    const now = this.#clock.now();
    const { baseEjectionMs, intervalMs } = this.#config;
    const hosts = this.#hosts();
    for (const host of hosts) {
      const { ejectedAt, multiplier } = host.outlier;
      if (ejectedAt !== null && now - ejectedAt >= Math.min(baseEjectionMs * multiplier, this.#longestMs()))
        this.#return(host, now);
      host.outlier.externalRate.turn();
      host.outlier.localRate.turn();
    }
    this.#judgeRates(hosts);
    let resting = this.#ejected === 0 && !this.#activity;
    for (const host of hosts) {
      const { outlier } = host;
      if (outlier.ejectedAt !== null || outlier.multiplier === 0) continue;
      if (outlier.returnedAt !== null && now - outlier.returnedAt >= intervalMs) outlier.multiplier--;
      if (outlier.multiplier > 0) resting = false;
    }
    this.#activity = false;
    if (!resting) this.#arm();
  }

  #judgeRates(hosts: readonly Host[]): void {
    for (const { host, detector, why } of findRateOutliers(this.#config, hosts, (one) => one.outlier.externalRate))
      this.#trigger(host, detector, 0, `${detector} ${why}`);
    if (!this.#config.splitExternalLocalOriginErrors) return;
    for (const { host, detector, why } of findRateOutliers(this.#config, hosts, (one) => one.outlier.localRate))
      this.#trigger(host, `local-origin-${detector}`, 0, `local-origin-${detector} ${why}`);
  }

  #wake(): void {
    this.#activity = true;
    if (this.#timer === null) this.#arm();
  }

  /** The next multiple of the interval since the first report. */
  #arm(): void {
    const now = this.#clock.now();
    const { intervalMs } = this.#config;
    this.#anchor ??= now;
    const elapsed = now - this.#anchor;
    const next = this.#anchor + (Math.floor(elapsed / intervalMs) + 1) * intervalMs;
    this.#timer = this.#clock.setTimer(() => this.#tick(), next - now);
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #longestMs(): number {
    return Math.max(this.#config.maxEjectionMs, this.#config.baseEjectionMs);
  }
}

function tooManyEjected(percent: number, hosts: number, ejected: number): string {
  const allowed = Math.floor((percent * hosts) / 100);
  const share = allowed === 0 ? 'no host' : allowed === 1 ? '1 host' : `${allowed} hosts`;
  const already = ejected === 0 ? '' : `, ${ejected} already ejected`;
  return `${percent} % of ${hosts} host${hosts === 1 ? '' : 's'} is ${share}: maxEjectionPercent forbids ejecting this one${already}`;
}
