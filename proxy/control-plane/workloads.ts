import path from 'node:path';
import type { WorkloadStatus } from '../api/status.schema.ts';
import { folderOf, type KnownWorkload, listServices, listWorkloads } from '../config/hosts.ts';
import type { ResourceSet } from '../config/index.ts';
import type { BoundListener, HostPort, InboundListener, MeshSnapshot, ProxySnapshot } from '../data-plane/snapshot.ts';
import type { SupervisedWorkload, WorkloadHealth } from './supervisor/supervisor.ts';

const defaultReadyTimeoutMs = 30_000;

interface Parts {
  set: ResourceSet;
  snapshot: MeshSnapshot;
  bound: readonly BoundListener[];
}

const address = (host: string, port: number) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/** Everything the ready line says about each workload. */
export function describeWorkloads(
  { snapshot, bound }: Parts,
  healthOf: (id: string) => WorkloadHealth | null,
  isDrained: (id: string) => boolean = () => false,
): WorkloadStatus[] {
  return snapshot.proxies
    .filter((proxy) => proxy.kind === 'sidecar')
    .map((proxy) => ({
      ...describeWorkload(proxy, bound, healthOf(proxy.id)),
      ...(isDrained(proxy.id) ? { drained: true } : {}),
    }));
}

function describeWorkload(proxy: ProxySnapshot, bound: readonly BoundListener[], health: WorkloadHealth | null): WorkloadStatus {
  const at = (listenerId: string) => {
    const found = bound.find((listener) => listener.proxy === proxy.id && listener.listener === listenerId);
    return found ? address(found.host, found.port) : '';
  };
  const inbound = proxy.listeners.find((listener): listener is InboundListener => listener.role === 'inbound');
  const outbound = proxy.listeners.find((listener) => listener.role === 'outbound');
  const [first] = inbound?.ports ?? [];
  const upstreams: Record<string, string> = {};
  for (const listener of proxy.listeners) {
    if (listener.role !== 'upstream') continue;
    const [name = listener.service, namespace = ''] = listener.service.split('.');
    const key = namespace === proxy.workload.namespace || namespace === '' ? name : `${name}.${namespace}`;
    // A second port of the same service is told apart by its number.
    upstreams[key in upstreams ? `${key}:${listener.servicePort}` : key] =
      `${listener.protocol === 'tcp' ? 'tcp' : 'http'}://${at(listener.id)}`;
  }
  const { workload } = proxy;
  return {
    id: proxy.id,
    service: workload.service,
    namespace: workload.namespace,
    version: workload.version,
    app: first ? address(first.app.host, first.app.port) : '',
    inbound: inbound ? at(inbound.id) : '',
    outbound: outbound ? `http://${at(outbound.id)}` : '',
    upstreams,
    spiffeId: workload.spiffeId,
    protocol: first?.protocol ?? 'http',
    ports: (inbound?.ports ?? []).map(({ name, port, protocol, app }) => ({
      name,
      port,
      protocol,
      app: address(app.host, app.port),
    })),
    ...(health ? { health: health.health, healthMessage: health.message } : {}),
    ...(health?.process ? { process: health.process } : {}),
  };
}

/** What the supervisor has to run and to watch. `environment` is what run: services inherit; `moved`: why one has another port. */
export function supervisedWorkloads(
  parts: Parts,
  environment: Readonly<Record<string, string | undefined>>,
  moved: ReadonlyMap<string, string> = new Map(),
): SupervisedWorkload[] {
  const described = new Map(describeWorkloads(parts, () => null).map((workload) => [workload.id, workload]));
  const supervised: SupervisedWorkload[] = [];
  for (const known of listWorkloads(listServices(parts.set))) {
    const status = described.get(known.id);
    const target = status && splitAddress(status.app);
    if (!status || !target) continue;
    const { run, readiness } = known.spec;
    supervised.push({
      id: known.id,
      target: { ...target, httpPath: readiness?.httpGet?.path ?? null },
      portIsOurs: known.spec.address === undefined && known.spec.addresses?.[known.service.ports[0]?.name ?? ''] === undefined,
      note: moved.get(known.id) ?? '',
      run:
        run === undefined
          ? null
          : {
              command: run,
              cwd: path.resolve(folderOf(known.service.resource), known.spec.cwd ?? '.'),
              env: environmentOf(known, status, target.port, environment),
              readyTimeoutMs: readiness?.timeoutSeconds === undefined ? defaultReadyTimeoutMs : readiness.timeoutSeconds * 1000,
            },
    });
  }
  return supervised;
}

function environmentOf(
  known: KnownWorkload,
  status: WorkloadStatus,
  port: number,
  inherited: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited))
    if (value !== undefined && !name.startsWith('DRYDOCK_')) env[name] = value;
  const noProxy = 'localhost,127.0.0.1,::1';
  Object.assign(env, {
    PORT: String(port),
    HTTP_PROXY: status.outbound,
    http_proxy: status.outbound,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
  });
  for (const [service, url] of Object.entries(status.upstreams)) {
    const name = service.toUpperCase().replace(/[^A-Z0-9]/g, '_');
    const at = new URL(url.replace(/^tcp:/, 'http:'));
    env[`${name}_SERVICE_HOST`] = at.hostname;
    env[`${name}_SERVICE_PORT`] = at.port;
  }
  return { ...env, ...known.spec.env };
}

export function splitAddress(text: string): HostPort | null {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  return match ? { host: match[1] ?? match[2] ?? '', port: Number(match[3]) } : null;
}
