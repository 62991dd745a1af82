import type { Diagnostic } from '../api/diagnostic.schema.ts';
import { type Fault, faultSchema } from '../api/fault.schema.ts';
import { nearest } from '../shared/nearest.ts';
import { diagnose, type Path } from './diagnostics.ts';
import { clusterDomain, HostIndex, listServices, meshesOf } from './hosts.ts';
import type {
  AuthorizationPolicySpec,
  DestinationRuleSpec,
  DestinationSpec,
  GatewayApiRouteSpec,
  HttpRouteSpec,
  VirtualServiceSpec,
} from './kinds/istio-types.ts';
import type { ParsedResource } from './parse.ts';
import type { ResourceSet } from './resource-set.ts';
import { checkScenarioReferences } from './scenario-references.ts';

/** What objects name must exist: hosts of destinations, subsets, ports, gateways, delegates, providers. */
export function checkReferences(set: ResourceSet): Diagnostic[] {
  const checker = new ReferenceChecker(set);
  checker.checkMeshes();
  for (const { resource } of set.list('VirtualService')) checker.checkVirtualService(resource);
  for (const { resource } of set.list('Fault')) checker.checkFault(resource);
  for (const kind of ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute']) {
    for (const { resource } of set.list(kind)) checker.checkGatewayApiRoute(resource);
  }
  for (const { resource } of set.list('AuthorizationPolicy')) checker.checkAuthorizationPolicy(resource);
  for (const { resource } of set.list('Scenario'))
    checker.diagnostics.push(...checkScenarioReferences(set, checker.hosts, resource));
  return checker.diagnostics;
}

class ReferenceChecker {
  readonly diagnostics: Diagnostic[] = [];
  private readonly set: ResourceSet;
  readonly hosts: HostIndex;
  /** fqdn → subset names over every DestinationRule for it. */
  private readonly subsets = new Map<string, Set<string>>();

  constructor(set: ResourceSet) {
    this.set = set;
    this.hosts = new HostIndex(listServices(set));
    for (const { resource } of set.list('DestinationRule')) {
      const spec = resource.spec as DestinationRuleSpec;
      const fqdn = this.hosts.resolve(spec.host, resource.namespace);
      const names = this.subsets.get(fqdn) ?? new Set();
      for (const subset of spec.subsets ?? []) names.add(subset.name);
      this.subsets.set(fqdn, names);
    }
  }

  private report(resource: ParsedResource, path: Path, code: string, message: string, suggestion?: string | null): void {
    this.diagnostics.push(diagnose(resource, path, { code, message, suggestion: suggestion ?? null }));
  }

  checkMeshes(): void {
    const meshes = meshesOf(this.set);
    const owners = new Map<string, { resource: ParsedResource; path: Path }>();
    for (const { entry, mesh } of meshes) {
      const { resource } = entry;
      for (const [i, service] of mesh.spec.services.entries()) {
        const path = ['spec', 'services', i];
        const namespace = service.namespace ?? this.set.defaultNamespace;
        const key = `${namespace}/${service.name}`;
        const first = owners.get(key);
        if (first && first.resource !== resource) {
          const place = `${first.resource.file}:${first.resource.positionOf([...first.path, 'name']).line}`;
          this.report(
            resource,
            [...path, 'name'],
            'DD1007',
            `Service \`${service.name}\` is defined twice; the other one is at ${place}.`,
          );
        } else owners.set(key, { resource, path });
        for (const [j, workload] of service.workloads.entries()) {
          for (const [k, upstream] of workload.upstreams.entries()) {
            const at = [...path, 'workloads', j, 'upstreams', k];
            const found = this.hosts.find(upstream.service, upstream.namespace ?? namespace);
            if (!found) this.unknownHost(resource, [...at, 'service'], upstream.service, namespace, 'upstream');
            else if (upstream.servicePort !== undefined && !found.ports.some((p) => p.port === upstream.servicePort)) {
              this.unknownPort(resource, [...at, 'servicePort'], upstream.servicePort, found);
            }
          }
        }
      }
    }
  }

  checkVirtualService(resource: ParsedResource): void {
    const spec = resource.spec as VirtualServiceSpec;
    this.checkGateways(resource, ['spec', 'gateways'], spec.gateways);
    for (const [i, rule] of (spec.http ?? []).entries()) {
      const path = ['spec', 'http', i];
      for (const [j, match] of (rule.match ?? []).entries())
        this.checkGateways(resource, [...path, 'match', j, 'gateways'], match.gateways);
      this.checkHttpDestinations(resource, path, rule);
      if (rule.delegate) this.checkDelegate(resource, [...path, 'delegate'], rule);
    }
    for (const kind of ['tcp', 'tls'] as const) {
      for (const [i, rule] of (spec[kind] ?? []).entries()) {
        for (const [j, match] of (rule.match ?? []).entries()) {
          this.checkGateways(resource, ['spec', kind, i, 'match', j, 'gateways'], match.gateways);
        }
        for (const [j, route] of (rule.route ?? []).entries()) {
          this.checkDestination(resource, ['spec', kind, i, 'route', j, 'destination'], route.destination);
        }
      }
    }
  }

  private checkHttpDestinations(resource: ParsedResource, path: Path, rule: HttpRouteSpec): void {
    for (const [j, route] of (rule.route ?? []).entries()) {
      this.checkDestination(resource, [...path, 'route', j, 'destination'], route.destination);
    }
    if (rule.mirror) this.checkDestination(resource, [...path, 'mirror'], rule.mirror);
    for (const [j, mirror] of (rule.mirrors ?? []).entries()) {
      this.checkDestination(resource, [...path, 'mirrors', j, 'destination'], mirror.destination);
    }
  }

  private checkDestination(resource: ParsedResource, path: Path, destination: DestinationSpec): void {
    const service = this.hosts.find(destination.host, resource.namespace);
    if (!service) {
      this.unknownHost(resource, [...path, 'host'], destination.host, resource.namespace, 'destination');
      return;
    }
    const port = destination.port?.number;
    if (port !== undefined && service.ports.length > 0 && !service.ports.some((p) => p.port === port)) {
      this.unknownPort(resource, [...path, 'port', 'number'], port, service);
    }
    if (destination.subset === undefined || destination.subset === '') return;
    const known = this.subsets.get(service.fqdn);
    if (known?.has(destination.subset)) return;
    const meant = nearest(destination.subset, known ?? []);
    this.report(
      resource,
      [...path, 'subset'],
      'DD3002',
      known
        ? `Subset \`${destination.subset}\` is not defined in a DestinationRule for ${destination.host}.`
        : `Subset \`${destination.subset}\` is not defined: there is no DestinationRule for ${destination.host}.`,
      meant
        ? `Did you mean \`${meant}\`?`
        : known?.size
          ? `Defined: ${[...known].join(', ')}.`
          : `Add a DestinationRule with host: ${destination.host} and that subset.`,
    );
  }

  private unknownHost(resource: ParsedResource, path: Path, host: string, namespace: string, role: string): void {
    const name = host.toLowerCase();
    const outside = name.includes('.') && !name.endsWith(clusterDomain) && !name.endsWith('.svc');
    const meant = nearest(host, this.hosts.names(namespace));
    const elsewhere = this.hosts.services.find((s) => s.name === name && s.namespace !== namespace);
    const suggestion = elsewhere
      ? `There is ${elsewhere.name} in namespace ${elsewhere.namespace}: write ${elsewhere.fqdn}.`
      : meant
        ? `Did you mean \`${meant}\`?`
        : outside
          ? 'Add a ServiceEntry for it.'
          : null;
    this.diagnostics.push(
      diagnose(resource, path, {
        severity: outside && !meant && !elsewhere ? 'warning' : 'error',
        code: 'DD3001',
        message:
          outside && !meant
            ? `No service or ServiceEntry has the host \`${host}\`: requests sent there get 503 (NC).`
            : `No service is called \`${host}\` (${role}).`,
        suggestion,
      }),
    );
  }

  private unknownPort(
    resource: ParsedResource,
    path: Path,
    port: number,
    service: { name: string; ports: { port: number }[] },
  ): void {
    const known = service.ports.map((p) => p.port).join(', ');
    this.report(resource, path, 'DD3003', `${service.name} has no port ${port}.`, `Its ports: ${known}.`);
  }

  private checkGateways(resource: ParsedResource, path: Path, gateways: readonly string[] | undefined): void {
    const known = this.set.ofGroup('Gateway', 'networking.istio.io').map((e) => e.resource);
    for (const [i, gateway] of (gateways ?? []).entries()) {
      if (gateway === 'mesh') continue;
      const [namespace, name] = gateway.includes('/')
        ? (gateway.split('/', 2) as [string, string])
        : [resource.namespace, gateway];
      if (known.some((g) => g.namespace === namespace && g.name === name)) continue;
      const meant = nearest(name, ['mesh', ...known.map((g) => g.name)]);
      const elsewhere = known.find((g) => g.name === name);
      this.report(
        resource,
        [...path, i],
        'DD3004',
        `There is no Gateway \`${gateway}\`.`,
        elsewhere
          ? `Write ${elsewhere.namespace}/${name}.`
          : meant
            ? `Did you mean \`${meant}\`?`
            : 'Add the Gateway, or leave gateways out to apply inside the mesh.',
      );
    }
  }

  private checkDelegate(resource: ParsedResource, path: Path, rule: HttpRouteSpec): void {
    const namespace = rule.delegate?.namespace ?? resource.namespace;
    const name = rule.delegate?.name ?? '';
    const found = this.set.get('VirtualService', namespace, name)?.resource;
    if (!found) {
      const names = this.set.list('VirtualService').map((e) => e.resource.name);
      const meant = nearest(name, names);
      this.report(
        resource,
        path,
        'DD3005',
        `There is no VirtualService ${namespace}/${name} to delegate to.`,
        meant ? `Did you mean \`${meant}\`?` : null,
      );
      return;
    }
    const spec = found.spec as VirtualServiceSpec;
    if (found === resource) this.report(resource, path, 'DD3005', `Cycle: ${name} → ${name}.`);
    else if (spec.hosts?.length) this.report(resource, path, 'DD3005', `${namespace}/${name} has hosts: a delegate has none.`);
  }

  checkFault(resource: ParsedResource): void {
    const { spec }: Fault = faultSchema.parse(resource.document);
    for (const side of ['to', 'from'] as const) {
      const target = spec[side];
      if (!target) continue;
      const namespace = target.namespace ?? resource.namespace;
      if (side === 'from' && target.service === 'ingress') continue;
      const service = this.hosts.find(target.service, namespace);
      if (!service) {
        this.unknownHost(resource, ['spec', side, 'service'], target.service, namespace, 'fault');
        const last = this.diagnostics.at(-1)!;
        this.diagnostics[this.diagnostics.length - 1] = { ...last, severity: 'error', code: 'DD3006' };
      } else if (side === 'to' && spec.to.port !== undefined && !service.ports.some((p) => p.port === spec.to.port)) {
        this.unknownPort(resource, ['spec', 'to', 'port'], spec.to.port, service);
      }
    }
  }

  /** Gateway API answers 500 for a missing backend and says so in the route's status: a warning, not a rejection. */
  checkGatewayApiRoute(resource: ParsedResource): void {
    const spec = resource.spec as GatewayApiRouteSpec;
    const l4 = resource.kind === 'TLSRoute' || resource.kind === 'TCPRoute';
    const fate = l4 ? 'its share of the connections is closed' : 'its share answers 500';
    for (const [i, rule] of (spec.rules ?? []).entries()) {
      for (const [j, backend] of (rule.backendRefs ?? []).entries()) {
        const namespace = backend.namespace ?? resource.namespace;
        const path = ['spec', 'rules', i, 'backendRefs', j];
        if ((backend.kind ?? 'Service') !== 'Service') continue;
        if (!l4 && backend.name.includes('.')) {
          const message = `${backend.name} is a host, not the name of a Service: nothing of this ${resource.kind} is served (InvalidDestination).`;
          this.diagnostics.push(diagnose(resource, [...path, 'name'], { severity: 'warning', code: 'DD3008', message }));
          continue;
        }
        const service = this.hosts.services.find((s) => s.name === backend.name && s.namespace === namespace);
        if (!service) {
          const meant = nearest(
            backend.name,
            this.hosts.services.filter((s) => s.namespace === namespace).map((s) => s.name),
          );
          const message = `Backend ${namespace}/${backend.name} does not exist: ${fate}.`;
          const suggestion = meant ? `Did you mean \`${meant}\`?` : null;
          this.diagnostics.push(
            diagnose(resource, [...path, 'name'], { severity: 'warning', code: 'DD3008', message, suggestion }),
          );
        } else if (backend.port !== undefined && !service.ports.some((p) => p.port === backend.port)) {
          const message = `${backend.name} has no port ${backend.port}: ${fate}.`;
          this.diagnostics.push(diagnose(resource, [...path, 'port'], { severity: 'warning', code: 'DD3008', message }));
        }
      }
    }
  }

  checkAuthorizationPolicy(resource: ParsedResource): void {
    const spec = resource.spec as AuthorizationPolicySpec;
    if (spec.action !== 'CUSTOM' || !spec.provider?.name) return;
    const names = meshesOf(this.set).flatMap(({ mesh }) => (mesh.spec.extensionProviders ?? []).map((p) => p.name));
    if (names.includes(spec.provider.name)) return;
    const meant = nearest(spec.provider.name, names);
    this.report(
      resource,
      ['spec', 'provider', 'name'],
      'DD3007',
      `No extension provider is called \`${spec.provider.name}\`.`,
      meant ? `Did you mean \`${meant}\`?` : 'Add it to the Mesh’s extensionProviders.',
    );
  }
}
