import type { z } from 'zod';
import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { faultSchema } from '../../api/fault.schema.ts';
import { meshSchema } from '../../api/mesh.schema.ts';
import { scenarioSchema } from '../../api/scenario.schema.ts';
import type { ParsedResource } from '../parse.ts';
import { checkAuthorizationPolicy } from './authorization-policy.ts';
import { checkDestinationRule } from './destination-rule.ts';
import { checkEnvoyFilter } from './envoy-filter.ts';
import { checkFault } from './fault.ts';
import { checkGateway } from './gateway.ts';
import { checkBackendTlsPolicy, checkGatewayApiGateway, checkGatewayApiL4Route, checkGatewayApiRoute } from './gateway-api.ts';
import { checkConfigMap, checkSecret } from './kubernetes-core.ts';
import { checkMesh } from './mesh.ts';
import { checkPeerAuthentication } from './peer-authentication.ts';
import { checkRequestAuthentication } from './request-authentication.ts';
import { checkScenario } from './scenario.ts';
import { checkServiceEntry } from './service-entry.ts';
import { checkVirtualService } from './virtual-service.ts';

/** One error of a published CRD validator (ajv's shape). */
export interface SchemaError {
  /** JSON pointer: `/spec/http/0/timeout` */
  instancePath: string;
  keyword: string;
  params: Record<string, unknown>;
  message?: string;
}
export type SchemaValidator = (document: unknown) => SchemaError[];

export interface KindDefinition {
  group: string;
  kind: string;
  versions: readonly string[];
  /** `zod`: one of ours; `crd`: a published schema, loaded when first needed. */
  schema: { zod: z.ZodType } | { crd: () => Promise<SchemaValidator> } | null;
  /** What the schema cannot say: Istio's own validation. */
  check?: (resource: ParsedResource) => Diagnostic[];
  /** Values that are right although the published schema does not know them yet. */
  accepts?: (path: readonly (string | number)[], value: unknown) => boolean;
  /** Set when the kind is accepted but does nothing here. */
  inert?: { code: string; message: string; severity: 'warning' | 'info' | 'error' };
}

interface ModelClass {
  new (data: unknown): { validate(): void };
}

/** The package exports model classes whose validate() throws an error that lists what ajv found. */
function crd(load: () => Promise<Record<string, unknown>>, kind: string): () => Promise<SchemaValidator> {
  return async () => {
    const Model = (await load())[kind] as ModelClass;
    return (document) => {
      try {
        new Model(document).validate();
        return [];
      } catch (error) {
        const { errors } = error as { errors?: SchemaError[] };
        if (!errors) throw error;
        return errors;
      }
    };
  };
}

const networking = { group: 'networking.istio.io', versions: ['v1', 'v1beta1', 'v1alpha3'] } as const;
const security = { group: 'security.istio.io', versions: ['v1', 'v1beta1'] } as const;
const gatewayApi = { group: 'gateway.networking.k8s.io', versions: ['v1', 'v1beta1', 'v1alpha2', 'v1alpha3'] } as const;
const drydock = { group: 'drydock.dev', versions: ['v1'] } as const;

/** Of the core group only what TLS needs is read; the rest is none of our business (`ignoredGroups`). */
const core = { group: '', versions: ['v1'], schema: null } as const;

/** Every kind we know. A new kind is a file beside this one and a line here. */
export const kinds: readonly KindDefinition[] = [
  { ...drydock, kind: 'Mesh', schema: { zod: meshSchema }, check: checkMesh },
  { ...drydock, kind: 'Fault', schema: { zod: faultSchema }, check: checkFault },
  { ...drydock, kind: 'Scenario', schema: { zod: scenarioSchema }, check: checkScenario },
  { ...drydock, kind: 'Recording', schema: null },
  {
    ...networking,
    kind: 'VirtualService',
    schema: { crd: crd(() => import('@kubernetes-models/istio/networking.istio.io/v1/VirtualService'), 'VirtualService') },
    check: checkVirtualService,
  },
  {
    ...networking,
    kind: 'DestinationRule',
    schema: { crd: crd(() => import('@kubernetes-models/istio/networking.istio.io/v1/DestinationRule'), 'DestinationRule') },
    check: checkDestinationRule,
  },
  {
    ...networking,
    kind: 'Gateway',
    schema: { crd: crd(() => import('@kubernetes-models/istio/networking.istio.io/v1/Gateway'), 'Gateway') },
    check: checkGateway,
  },
  {
    ...networking,
    kind: 'ServiceEntry',
    schema: { crd: crd(() => import('@kubernetes-models/istio/networking.istio.io/v1/ServiceEntry'), 'ServiceEntry') },
    check: checkServiceEntry,
  },
  {
    ...networking,
    kind: 'Sidecar',
    schema: { crd: crd(() => import('@kubernetes-models/istio/networking.istio.io/v1/Sidecar'), 'Sidecar') },
    inert: {
      code: 'DD4101',
      severity: 'warning',
      message: 'Sidecar is accepted but not applied: every local proxy sees the whole mesh.',
    },
  },
  {
    ...networking,
    kind: 'WorkloadEntry',
    schema: { crd: crd(() => import('@kubernetes-models/istio/networking.istio.io/v1/WorkloadEntry'), 'WorkloadEntry') },
    inert: {
      code: 'DD4101',
      severity: 'warning',
      message: 'WorkloadEntry is accepted but not applied: list the instance under the Mesh’s services instead.',
    },
  },
  {
    ...networking,
    kind: 'EnvoyFilter',
    schema: { crd: crd(() => import('@kubernetes-models/istio/networking.istio.io/v1alpha3/EnvoyFilter'), 'EnvoyFilter') },
    check: checkEnvoyFilter,
  },
  {
    ...security,
    kind: 'PeerAuthentication',
    schema: { crd: crd(() => import('@kubernetes-models/istio/security.istio.io/v1/PeerAuthentication'), 'PeerAuthentication') },
    check: checkPeerAuthentication,
  },
  {
    ...security,
    kind: 'AuthorizationPolicy',
    schema: {
      crd: crd(() => import('@kubernetes-models/istio/security.istio.io/v1/AuthorizationPolicy'), 'AuthorizationPolicy'),
    },
    check: checkAuthorizationPolicy,
  },
  {
    ...security,
    kind: 'RequestAuthentication',
    schema: {
      crd: crd(() => import('@kubernetes-models/istio/security.istio.io/v1/RequestAuthentication'), 'RequestAuthentication'),
    },
    check: checkRequestAuthentication,
  },
  {
    group: 'telemetry.istio.io',
    versions: ['v1', 'v1alpha1'],
    kind: 'Telemetry',
    schema: { crd: crd(() => import('@kubernetes-models/istio/telemetry.istio.io/v1/Telemetry'), 'Telemetry') },
    inert: {
      code: 'DD4101',
      severity: 'warning',
      message: 'Telemetry is accepted but not applied: the local mesh always records metrics, traces and exchanges.',
    },
  },
  {
    ...gatewayApi,
    kind: 'Gateway',
    schema: { crd: crd(() => import('@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/Gateway'), 'Gateway') },
    accepts: (path, value) => value === 'None' && path.slice(-3).join('.') === 'allowedRoutes.namespaces.from',
    check: checkGatewayApiGateway,
  },
  {
    ...gatewayApi,
    kind: 'HTTPRoute',
    schema: { crd: crd(() => import('@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute'), 'HTTPRoute') },
    // Of the experimental channel.
    accepts: (path, value) => value === 'ExternalAuth' && path.at(-1) === 'type',
    check: checkGatewayApiRoute,
  },
  {
    ...gatewayApi,
    kind: 'GRPCRoute',
    schema: { crd: crd(() => import('@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/GRPCRoute'), 'GRPCRoute') },
    check: checkGatewayApiRoute,
  },
  {
    ...gatewayApi,
    kind: 'ReferenceGrant',
    schema: {
      crd: crd(() => import('@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1beta1/ReferenceGrant'), 'ReferenceGrant'),
    },
  },
  {
    ...gatewayApi,
    kind: 'BackendTLSPolicy',
    schema: {
      crd: crd(() => import('@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/BackendTLSPolicy'), 'BackendTLSPolicy'),
    },
    check: checkBackendTlsPolicy,
  },
  {
    ...gatewayApi,
    kind: 'TLSRoute',
    schema: { crd: crd(() => import('@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/TLSRoute'), 'TLSRoute') },
    check: checkGatewayApiL4Route,
  },
  {
    ...gatewayApi,
    kind: 'TCPRoute',
    schema: { crd: crd(() => import('@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1alpha2/TCPRoute'), 'TCPRoute') },
    check: checkGatewayApiL4Route,
  },
  { ...core, kind: 'ConfigMap', check: checkConfigMap },
  { ...core, kind: 'Secret', check: checkSecret },
];

/** Kubernetes' own groups: their documents may lie in the same folder and are none of our business. */
export const ignoredGroups = [
  '',
  'apps',
  'batch',
  'autoscaling',
  'policy',
  'rbac.authorization.k8s.io',
  'networking.k8s.io',
  'apiextensions.k8s.io',
  'admissionregistration.k8s.io',
  'kustomize.config.k8s.io',
  'storage.k8s.io',
];
