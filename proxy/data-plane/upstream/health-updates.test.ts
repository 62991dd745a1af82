import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../shared/seeded-random.ts';
import { ClusterRuntime } from './cluster.ts';
import { ResolvedNames } from './resolved-names.ts';
import { clusterSnapshot, endpoint, HandClock, outlierDetection, proxySnapshot } from './test-kit.ts';

/* Seen in a real Envoy 1.40 (update_merge_window, default 1 s): docs/behaviour-notes.md. */

function scene(priorities: number[]) {
  const clock = new HandClock();
  const detection = outlierDetection({ consecutive5xx: 1, maxEjectionPercent: 100, baseEjectionMs: 300_000 });
  const endpoints = priorities.map((priority, i) => endpoint(1000 + i, { priority }));
  const cluster = new ClusterRuntime(clusterSnapshot(endpoints, { outlierDetection: detection }), proxySnapshot, {
    clock,
    random: seededRandom(3),
    dial: () => ({ cancel() {} }),
    resolveWorkload: () => undefined,
    isDrained: () => false,
    names: new ResolvedNames(clock),
    emit() {},
    newSpanId: () => '',
  });
  const inRotation = () => cluster.hosts.filter((host) => host.inRotation).map((host) => host.endpoint.port);
  const eject = (host: number) => cluster.reportStatus(cluster.hosts[host]!, 500, 'x');
  return { clock, cluster, inRotation, eject };
}

describe('changes of health', () => {
  it('the first is in force at once, another within a second waits for a second and takes the next along', () => {
    const { clock, cluster, inRotation, eject } = scene([0, 0, 0, 0]);
    eject(0);
    expect(inRotation()).toEqual([1001, 1002, 1003]);
    clock.advance(400);
    eject(1);
    clock.advance(500);
    eject(2);
    expect(inRotation()).toEqual([1001, 1002, 1003]);
    expect(cluster.status().endpoints.map(({ healthy }) => healthy)).toEqual([false, false, false, true]);
    clock.advance(499);
    expect(inRotation()).toHaveLength(3);
    clock.advance(1);
    expect(inRotation()).toEqual([1003]);
    cluster.close();
  });

  it('after more than a second the next is at once again', () => {
    const { clock, cluster, inRotation, eject } = scene([0, 0, 0]);
    eject(0);
    clock.advance(1001);
    eject(1);
    expect(inRotation()).toEqual([1002]);
    cluster.close();
  });

  it('each priority counts for itself', () => {
    const { cluster, inRotation, eject } = scene([0, 0, 1, 1]);
    eject(0);
    eject(2);
    expect(inRotation()).toEqual([1001, 1003]);
    cluster.close();
  });

  it('a new configuration waits for nothing', () => {
    const { cluster, inRotation, eject } = scene([0, 0, 0]);
    eject(0);
    eject(1);
    cluster.update(cluster.snapshot, cluster.proxy);
    expect(inRotation()).toEqual([1002]);
    cluster.close();
  });
});
