import { describe, expect, it } from 'vitest';
import type { OutlierDetection } from '../snapshot.ts';
import { Host } from './host.ts';
import { type Ejection, OutlierDetector } from './outlier-detection.ts';
import { endpoint, HandClock, outlierDetection } from './test-kit.ts';

class Scene {
  readonly clock = new HandClock();
  readonly startedAt = this.clock.now();
  readonly hosts: Host[];
  readonly ejections: (Ejection & { at: number })[] = [];
  readonly returns: { key: string; at: number }[] = [];
  readonly refusals: string[] = [];
  readonly detector: OutlierDetector;

  constructor(hosts: number, config: Partial<OutlierDetection>) {
    this.hosts = Array.from({ length: hosts }, (_, i) => new Host(endpoint(1000 + i), 0, () => undefined));
    this.detector = new OutlierDetector(outlierDetection(config), this.clock, () => this.hosts, {
      onEjected: (ejection) => this.ejections.push({ ...ejection, at: this.at }),
      onReturned: (host) => this.returns.push({ key: host.key, at: this.at }),
      onNotEjected: (_host, reason) => this.refusals.push(reason),
    });
  }
  get at(): number {
    return this.clock.now() - this.startedAt;
  }
  fail(times: number, status = 500, host = 0): void {
    for (let i = 0; i < times; i++) this.detector.reportStatus(this.hosts[host]!, status, `x${i}`);
  }
}

describe('outlier detection', () => {
  it('ejects at exactly the N-th consecutive 5xx and names the exchanges behind it', () => {
    const scene = new Scene(2, { consecutive5xx: 5, maxEjectionPercent: 50 });
    scene.fail(4);
    expect(scene.ejections).toHaveLength(0);
    scene.detector.reportStatus(scene.hosts[0]!, 200, 'ok');
    scene.fail(5);
    expect(scene.ejections).toMatchObject([
      { reason: 'consecutive-5xx', threshold: 5, durationMs: 30_000, count: 1, exchanges: ['x0', 'x1', 'x2', 'x3', 'x4'] },
    ]);
    expect(scene.hosts[0]!.healthy).toBe(false);
  });

  it('lets a hand eject and readmit before counters and timer do, as often as it likes', () => {
    const scene = new Scene(2, { baseEjectionMs: 10_000 });
    const [host] = scene.hosts as [Host];
    expect(scene.detector.readmit(host)).toBe(false);
    expect(scene.detector.ejectByHand(host)).toBe(true);
    expect(scene.detector.ejectByHand(host)).toBe(false);
    expect(scene.ejections).toMatchObject([{ reason: 'by-hand', durationMs: 10_000, count: 1, exchanges: [] }]);
    expect(scene.detector.readmit(host)).toBe(true);
    expect(host.healthy).toBe(true);
    scene.detector.ejectByHand(host);
    scene.clock.advance(31_000);
    expect(scene.returns).toHaveLength(2);
    expect(host.healthy).toBe(true);
  });

  it('counts gateway errors apart: another 5xx resets them, below 500 resets both', () => {
    const scene = new Scene(2, { consecutive5xx: 0, consecutiveGatewayErrors: 3, maxEjectionPercent: 50 });
    scene.fail(2, 503);
    scene.fail(1, 500);
    expect(scene.hosts[0]!.outlier).toMatchObject({ consecutiveGatewayErrors: 0, consecutive5xx: 3 });
    scene.fail(2, 502);
    scene.fail(1, 404);
    expect(scene.hosts[0]!.outlier).toMatchObject({ consecutiveGatewayErrors: 0, consecutive5xx: 0 });
    scene.fail(3, 504);
    expect(scene.ejections).toMatchObject([{ reason: 'consecutive-gateway-errors' }]);
  });

  it('never ejects from fewer than ten hosts at 10 %, and says why', () => {
    const scene = new Scene(2, { consecutive5xx: 1 });
    scene.fail(1);
    expect(scene.ejections).toHaveLength(0);
    expect(scene.refusals[0]).toContain('10 % of 2 hosts is no host: maxEjectionPercent');
    expect(scene.hosts[0]!.outlier.consecutive5xx).toBe(0);
    const ten = new Scene(10, { consecutive5xx: 1 });
    ten.fail(1, 500, 0);
    ten.fail(1, 500, 1);
    expect(ten.ejections).toHaveLength(1);
    expect(ten.refusals[0]).toContain('10 % of 10 hosts is 1 host');
  });

  it('returns a host only on an interval tick, with counters at zero', () => {
    const scene = new Scene(1, { consecutive5xx: 2, maxEjectionPercent: 100, intervalMs: 10_000, baseEjectionMs: 25_000 });
    scene.fail(1);
    scene.clock.advance(4_000);
    scene.fail(1);
    expect(scene.ejections[0]!.at).toBe(4_000);
    scene.fail(1);
    scene.clock.advance(25_999);
    // 25 s are over at 29 s; the tick is at 30 s.
    expect(scene.returns).toHaveLength(0);
    scene.clock.advance(1);
    expect(scene.returns).toEqual([{ key: '127.0.0.1:1000', at: 30_000 }]);
    expect(scene.hosts[0]!.outlier).toMatchObject({ consecutive5xx: 0, ejectedAt: null });
  });

  it('lasts base × multiplier, one more per ejection, one less per interval spent healthy', () => {
    const scene = new Scene(1, { consecutive5xx: 1, maxEjectionPercent: 100, intervalMs: 1_000, baseEjectionMs: 2_000 });
    scene.fail(1);
    scene.clock.advance(2_000);
    scene.fail(1);
    scene.clock.advance(4_000);
    expect(scene.returns.map((entry) => entry.at)).toEqual([2_000, 6_000]);
    // The tick of the return does not count as an interval spent healthy; the two after it do.
    expect(scene.hosts[0]!.outlier.multiplier).toBe(2);
    scene.clock.advance(1_000);
    expect(scene.hosts[0]!.outlier.multiplier).toBe(1);
    scene.fail(1);
    expect(scene.ejections.map((ejection) => ejection.durationMs)).toEqual([2_000, 4_000, 4_000]);
    expect(scene.ejections.map((ejection) => ejection.count)).toEqual([1, 2, 3]);
  });

  it('never lasts longer than maxEjectionMs, or base where that is longer', () => {
    const scene = new Scene(1, {
      consecutive5xx: 1,
      maxEjectionPercent: 100,
      intervalMs: 1_000,
      baseEjectionMs: 2_000,
      maxEjectionMs: 3_000,
    });
    for (let i = 0; i < 4; i++) {
      scene.fail(1);
      // To the tick of the return, not one further: an interval spent healthy would take the multiplier down again.
      scene.clock.advance(scene.ejections[i]!.durationMs);
    }
    expect(scene.ejections.map((ejection) => ejection.durationMs)).toEqual([2_000, 3_000, 3_000, 3_000]);
    const long = new Scene(1, { consecutive5xx: 1, maxEjectionPercent: 100, baseEjectionMs: 400_000 });
    long.fail(1);
    expect(long.ejections[0]!.durationMs).toBe(400_000);
  });

  it('counts local failures as 503 and 504, or apart when split; a connection clears them', () => {
    const scene = new Scene(1, { consecutive5xx: 2, maxEjectionPercent: 100 });
    scene.detector.reportLocalOrigin(scene.hosts[0]!, 'timeout', 'a');
    scene.detector.reportLocalOrigin(scene.hosts[0]!, 'connect-failed', 'b');
    expect(scene.ejections).toMatchObject([{ reason: 'consecutive-5xx', exchanges: ['a', 'b'] }]);
    const split = new Scene(1, {
      splitExternalLocalOriginErrors: true,
      consecutiveLocalOriginFailures: 2,
      consecutive5xx: 1,
      maxEjectionPercent: 100,
    });
    split.detector.reportLocalOrigin(split.hosts[0]!, 'timeout', 'a');
    split.detector.reportConnected(split.hosts[0]!);
    split.detector.reportLocalOrigin(split.hosts[0]!, 'timeout', 'b');
    expect(split.ejections).toHaveLength(0);
    split.detector.reportLocalOrigin(split.hosts[0]!, 'connect-failed', 'c');
    expect(split.ejections).toMatchObject([{ reason: 'consecutive-local-origin-failures' }]);
  });

  it('holds no timer once everything is healthy and quiet, and keeps its phase when woken', () => {
    const scene = new Scene(1, { consecutive5xx: 1, maxEjectionPercent: 100, intervalMs: 10_000, baseEjectionMs: 1_000 });
    scene.detector.reportStatus(scene.hosts[0]!, 200, 'ok');
    scene.clock.advance(20_000);
    expect(scene.clock.pending).toBe(0);
    scene.clock.advance(4_000);
    scene.fail(1);
    scene.clock.advance(6_000);
    expect(scene.returns).toMatchObject([{ at: 30_000 }]);
    scene.clock.advance(60_000);
    expect(scene.clock.pending).toBe(0);
  });
});
