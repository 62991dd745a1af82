import { useMemo } from 'react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { ClusterStatus, Graph, GraphNode, MeshEvent } from '../../../proxy/api/observability.schema.ts';
import type { Status, WorkloadStatus } from '../../../proxy/api/status.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useCall, useEvents } from '../../engine/use-engine.ts';
import { policiesOf } from './service-policies.ts';
import { concerns, dropEchoes, isOutbound } from './service-view.ts';

/** Everything the tabs of one service tell. */
export interface ServiceFacts {
  /** `default/ratings` */
  id: string;
  service: Status['services'][number];
  status: Status;
  graph: Graph;
  node: GraphNode | undefined;
  workloads: readonly WorkloadStatus[];
  /** Callers' sidecars towards it; null until they are known. */
  clusters: readonly ClusterStatus[] | null;
  /** Why they are not, in words. */
  clustersError: string | null;
  events: readonly MeshEvent[];
  /** Objects that decide about its traffic; null until they are known. */
  policies: readonly Resource[] | null;
  policiesError: string | null;
  reloadPolicies: () => void;
}

const clustersEveryMs = 1000;
const policiesEveryMs = 5000;

export function useServiceFacts(service: Status['services'][number], status: Status, graph: Graph): ServiceFacts {
  const { paused } = usePreferences();
  const { name, namespace } = service;
  const id = `${namespace}/${name}`;
  const workloads = useMemo(
    () => status.workloads.filter((workload) => workload.service === name && workload.namespace === namespace),
    [status.workloads, name, namespace],
  );
  const asked = useCall('getClusters', { query: { service: name } }, paused ? undefined : clustersEveryMs);
  const clusters = useMemo(
    () => asked.data?.clusters.filter((cluster) => cluster.namespace === namespace && isOutbound(cluster)) ?? null,
    [asked.data, namespace],
  );
  const all = useEvents();
  const names = workloads.map((workload) => workload.id).join(' ');
  const events = useMemo(() => dropEchoes(all.filter((event) => concerns(event, name, names.split(' ')))), [all, name, names]);
  const listed = useCall('listResources', {}, paused ? undefined : policiesEveryMs);
  const resources = listed.data?.resources;
  const policies = useMemo(
    () => (resources ? policiesOf(resources, { name, namespace, workloads: names.split(' ') }) : null),
    [resources, name, namespace, names],
  );
  const node = graph.nodes.find((candidate) => candidate.id === id);
  return {
    ...{ id, service, status, graph, node, workloads, clusters, events, policies },
    clustersError: asked.error,
    policiesError: listed.error,
    reloadPolicies: listed.reload,
  };
}
