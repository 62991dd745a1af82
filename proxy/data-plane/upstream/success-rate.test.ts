import { describe, expect, it } from 'vitest';
import type { OutlierDetection } from '../snapshot.ts';
import { Host } from './host.ts';
import { type Ejection, OutlierDetector } from './outlier-detection.ts';
import { endpoint, HandClock, outlierDetection } from './test-kit.ts';

/* Envoy's numbers: intro/arch_overview/upstream/outlier and successRateEjectionThreshold in outlier_detection_impl.cc. */

class Scene {
  readonly clock = new HandClock();
  readonly hosts: Host[];
  readonly ejections: Ejection[] = [];
  readonly refusals: string[] = [];
  readonly detector: OutlierDetector;

  constructor(hosts: number, config: Partial<OutlierDetection>) {
    const consecutive = { consecutive5xx: 0, consecutiveGatewayErrors: 0, maxEjectionPercent: 100 };
    this.hosts = Array.from({ length: hosts }, (_, i) => new Host(endpoint(1000 + i), 0, () => undefined));
    this.detector = new OutlierDetector(outlierDetection({ ...consecutive, ...config }), this.clock, () => this.hosts, {
      onEjected: (ejection) => this.ejections.push(ejection),
      onReturned: () => {},
      onNotEjected: (_host, reason) => this.refusals.push(reason),
    });
  }

  /** Sends each host `volume` requests, of which these percents succeed, and lets the interval pass. */
  interval(percents: number[], volume: number): void {
    for (const [index, percent] of percents.entries()) {
      for (let i = 0; i < volume; i++)
        this.detector.reportStatus(this.hosts[index]!, i < (volume * percent) / 100 ? 200 : 503, 'x');
    }
    this.clock.advance(10_000);
  }
  get ejectedPorts(): number[] {
    return this.ejections.map(({ host }) => host.endpoint.port);
  }
}

const successRate = { minimumHosts: 5, requestVolume: 100, stdevFactor: 1900 };
const failurePercentage = { threshold: 85, minimumHosts: 5, requestVolume: 50 };

describe('success rate', () => {
  it('ejects below mean − 1.9 σ: 50 beside four 100s is below 52', () => {
    const scene = new Scene(5, { successRate });
    scene.interval([50, 100, 100, 100, 100], 100);
    expect(scene.ejectedPorts).toEqual([1000]);
    expect(scene.ejections[0]).toMatchObject({
      reason: 'success-rate',
      why: 'success-rate 50 % below 52 % (mean 90 % − 1.9 σ)',
      durationMs: 30_000,
    });
  });

  it('keeps who is on the right side of the threshold', () => {
    const scene = new Scene(5, { successRate });
    // Mean 92, σ 7.48: threshold 77.8.
    scene.interval([80, 100, 90, 90, 100], 100);
    expect(scene.ejections).toEqual([]);
  });

  it('asks for five hosts with 100 requests in the interval', () => {
    const few = new Scene(5, { successRate });
    few.interval([0, 100, 100, 100, 100], 99);
    expect(few.ejections).toEqual([]);
    const four = new Scene(4, { successRate });
    four.interval([0, 100, 100, 100], 100);
    expect(four.ejections).toEqual([]);
    const idle = new Scene(6, { successRate });
    idle.interval([0, 100, 100, 100], 100);
    expect(idle.ejections).toEqual([]);
  });

  it('every interval counts for itself', () => {
    const scene = new Scene(5, { successRate });
    for (let i = 0; i < 3; i++) scene.interval([0, 100, 100, 100, 100], 60);
    expect(scene.ejections).toEqual([]);
    expect(scene.hosts[0]!.outlier.externalRate.last).toEqual({ percent: 0, volume: 60 });
  });

  it('an ejected host is no part of the next interval’s mean', () => {
    const scene = new Scene(6, { successRate, baseEjectionMs: 100_000 });
    scene.interval([0, 100, 100, 100, 100, 100], 100);
    scene.interval([0, 50, 100, 100, 100, 100], 100);
    expect(scene.ejectedPorts).toEqual([1000, 1001]);
    expect(scene.ejections[1]!.why).toContain('mean 90 %');
  });

  it('maxEjectionPercent holds for it too, and it says so', () => {
    const scene = new Scene(5, { successRate, maxEjectionPercent: 10 });
    scene.interval([50, 100, 100, 100, 100], 100);
    expect(scene.ejections).toEqual([]);
    expect(scene.refusals[0]).toContain('10 % of 5 hosts is no host');
  });

  it('is off unless asked for', () => {
    const scene = new Scene(5, {});
    scene.interval([0, 100, 100, 100, 100], 100);
    expect(scene.ejections).toEqual([]);
  });
});

describe('failure percentage', () => {
  it('ejects at the threshold, with 50 requests on five hosts', () => {
    const scene = new Scene(5, { failurePercentage: { ...failurePercentage, threshold: 80 } });
    scene.interval([20, 22, 100, 100, 100], 50);
    expect(scene.ejectedPorts).toEqual([1000]);
    expect(scene.ejections[0]).toMatchObject({ reason: 'failure-percentage', why: 'failure-percentage 80 % of 80 % failed' });
  });

  it('85 % by default settings; 49 requests or four hosts are too few', () => {
    const scene = new Scene(5, { failurePercentage });
    scene.interval([14, 16, 100, 100, 100], 50);
    expect(scene.ejectedPorts).toEqual([1000]);
    const few = new Scene(5, { failurePercentage });
    few.interval([0, 0, 0, 0, 0], 49);
    const four = new Scene(4, { failurePercentage });
    four.interval([0, 0, 0, 0], 50);
    expect([...few.ejections, ...four.ejections]).toEqual([]);
  });
});

describe('local origin, counted apart', () => {
  it('failures to connect are judged by themselves, and answers without them', () => {
    const scene = new Scene(5, {
      successRate: { ...successRate, requestVolume: 10 },
      splitExternalLocalOriginErrors: true,
      consecutiveLocalOriginFailures: 0,
    });
    for (const host of scene.hosts) {
      for (let i = 0; i < 10; i++) {
        if (host === scene.hosts[0]) scene.detector.reportLocalOrigin(host, 'connect-failed', 'x');
        else scene.detector.reportConnected(host);
      }
    }
    scene.clock.advance(10_000);
    expect(scene.ejections).toMatchObject([{ reason: 'local-origin-success-rate', host: scene.hosts[0] }]);
    expect(scene.hosts[0]!.outlier.externalRate.last).toBeNull();
  });
});

describe('outlierDetectionHttpErrorCodes', () => {
  it('only listed statuses are errors: 429 counts as 500, another 5xx clears the row', () => {
    const scene = new Scene(1, { consecutive5xx: 2, consecutiveGatewayErrors: 2, errorCodes: [429, 503] });
    const host = scene.hosts[0]!;
    scene.detector.reportStatus(host, 429, 'a');
    expect(host.outlier).toMatchObject({ consecutive5xx: 1, consecutiveGatewayErrors: 0 });
    scene.detector.reportStatus(host, 500, 'b');
    expect(host.outlier).toMatchObject({ consecutive5xx: 0, consecutiveGatewayErrors: 0 });
    scene.detector.reportStatus(host, 503, 'c');
    expect(host.outlier).toMatchObject({ consecutive5xx: 1, consecutiveGatewayErrors: 1 });
    scene.detector.reportStatus(host, 429, 'd');
    expect(scene.ejections).toMatchObject([{ reason: 'consecutive-5xx', exchanges: ['c', 'd'] }]);
  });

  it('failures to connect stay errors', () => {
    const scene = new Scene(1, { consecutive5xx: 1, errorCodes: [429] });
    scene.detector.reportLocalOrigin(scene.hosts[0]!, 'connect-failed', 'a');
    expect(scene.ejections).toHaveLength(1);
  });
});
