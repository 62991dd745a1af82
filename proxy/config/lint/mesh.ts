import { availableParallelism } from 'node:os';
import { faultSchema } from '../../api/fault.schema.ts';
import { meshSchema } from '../../api/mesh.schema.ts';
import type { GatewayApiRouteSpec } from '../kinds/istio-types.ts';
import type { LintContext } from './lint-context.ts';

/** The mesh itself, faults, and Gateway API attachment. */
export function lintMesh(context: LintContext, cores = availableParallelism()): void {
  const meshes = context.resources('Mesh');
  for (const mesh of meshes.slice(1)) {
    const settings = Object.keys(mesh.spec as object).filter((k) => k !== 'services' && k !== 'namespace');
    if (settings.length > 0) {
      context.warn(
        mesh,
        ['spec', settings[0]!],
        'DD4044',
        `A second Mesh only adds services; ${settings.join(', ')} of ${meshes[0]!.name} hold.`,
      );
    }
  }
  const [first] = meshes;
  const workers = first === undefined ? 1 : (meshSchema.parse(first.document).spec.dataPlane?.workers ?? 1);
  if (first !== undefined && workers > cores) {
    const message = `${workers} workers are asked for, and this machine has ${cores} processor${cores === 1 ? '' : 's'}: they take turns.`;
    const suggestion = 'As many workers as processors, less one for the engine itself, are the most that helps.';
    context.warn(first, ['spec', 'dataPlane', 'workers'], 'DD4052', message, suggestion);
  }
  for (const service of context.services) {
    if (service.mesh && service.mesh.spec.workloads.length === 0) {
      context.warn(
        service.resource,
        [...service.mesh.path, 'name'],
        'DD4045',
        `${service.name} has no workloads: requests to it get 503 (UH).`,
      );
    }
  }
  lintFaults(context);
  lintParents(context);
}

function lintFaults(context: LintContext): void {
  for (const resource of context.resources('Fault')) {
    const { spec } = faultSchema.parse(resource.document);
    const service = context.hosts.find(spec.to.service, spec.to.namespace ?? resource.namespace);
    if (!service) continue;
    const workloads = context.workloadsOf(service);
    if (spec.to.version !== undefined && !workloads.some((w) => w.version === spec.to.version)) {
      context.warn(
        resource,
        ['spec', 'to', 'version'],
        'DD4030',
        `No workload of ${service.name} has version \`${spec.to.version}\`: the fault hits nothing.`,
      );
    }
    if (spec.to.workload !== undefined && !workloads.some((w) => w.id === spec.to.workload)) {
      context.warn(
        resource,
        ['spec', 'to', 'workload'],
        'DD4030',
        `There is no workload \`${spec.to.workload}\`: the fault hits nothing.`,
      );
    }
    if (spec.percentage === 0) context.warn(resource, ['spec', 'percentage'], 'DD4030', 'percentage 0: the fault hits nothing.');
    if (service.external && spec.side === 'server') {
      context.warn(
        resource,
        ['spec', 'side'],
        'DD4030',
        `${service.fqdn} has no sidecar for a server-side fault.`,
        'Use side: client.',
      );
    }
    const tcpOnly = service.ports.length > 0 && service.ports.every((p) => p.protocol === 'tcp');
    if (tcpOnly && (spec.match?.length || (spec.abort && 'httpStatus' in spec.abort))) {
      context.warn(
        resource,
        ['spec'],
        'DD4030',
        `${service.name} speaks tcp: HTTP matches and statuses mean nothing to it.`,
        'Use delay, abort: {reset: true} or response.',
      );
    }
  }
}

function lintParents(context: LintContext): void {
  const gateways = context.set
    .ofGroup('Gateway', 'gateway.networking.k8s.io')
    .map((e) => `${e.resource.namespace}/${e.resource.name}`);
  for (const kind of ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute']) {
    for (const resource of context.resources(kind)) {
      const parents = (resource.spec as GatewayApiRouteSpec).parentRefs ?? [];
      if (parents.length === 0)
        context.warn(resource, ['spec'], 'DD4039', `The ${kind} has no parentRefs: it is attached to nothing.`);
      for (const [i, parent] of parents.entries()) {
        const name = `${parent.namespace ?? resource.namespace}/${parent.name}`;
        const path = ['spec', 'parentRefs', i];
        if (parent.kind === 'ServiceEntry') {
          const found = context.services.some((s) => s.external && `${s.namespace}/${s.resource.name}` === name);
          if (!found)
            context.warn(resource, [...path, 'name'], 'DD4039', `There is no ServiceEntry ${name}: the route is not attached.`);
        } else if (parent.kind === 'Service') {
          const found = context.services.some((s) => !s.external && `${s.namespace}/${s.name}` === name);
          if (!found)
            context.warn(resource, [...path, 'name'], 'DD4039', `There is no service ${name}: the route is not attached.`);
        } else if (gateways.length > 0 && !gateways.includes(name)) {
          context.warn(resource, [...path, 'name'], 'DD4039', `There is no Gateway ${name}: the route is not attached.`);
        }
      }
    }
  }
}
