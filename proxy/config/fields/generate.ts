/**
 * Makes fields.gen.json: the tree of fields each foreign kind knows, read from the typings of the published CRDs. The CRDs' own validators
 * let unknown fields pass (a cluster prunes them silently); we report them, so we need the names. Run it after a dependency update:
 * `node proxy/config/fields/generate.ts`.
 *
 *   object → {field: shape}    list → [shape]    map with free keys → {"*": shape}    leaf → 0
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Shape } from './shape.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const packages = path.join(here, '../../../node_modules/@kubernetes-models');
const sources: Record<string, string> = {
  'networking.istio.io/VirtualService': 'istio/networking.istio.io/v1/VirtualService.d.ts',
  'networking.istio.io/DestinationRule': 'istio/networking.istio.io/v1/DestinationRule.d.ts',
  'networking.istio.io/Gateway': 'istio/networking.istio.io/v1/Gateway.d.ts',
  'networking.istio.io/ServiceEntry': 'istio/networking.istio.io/v1/ServiceEntry.d.ts',
  'networking.istio.io/Sidecar': 'istio/networking.istio.io/v1/Sidecar.d.ts',
  'networking.istio.io/WorkloadEntry': 'istio/networking.istio.io/v1/WorkloadEntry.d.ts',
  'networking.istio.io/EnvoyFilter': 'istio/networking.istio.io/v1alpha3/EnvoyFilter.d.ts',
  'security.istio.io/PeerAuthentication': 'istio/security.istio.io/v1/PeerAuthentication.d.ts',
  'security.istio.io/AuthorizationPolicy': 'istio/security.istio.io/v1/AuthorizationPolicy.d.ts',
  'security.istio.io/RequestAuthentication': 'istio/security.istio.io/v1/RequestAuthentication.d.ts',
  'telemetry.istio.io/Telemetry': 'istio/telemetry.istio.io/v1/Telemetry.d.ts',
  'gateway.networking.k8s.io/Gateway': 'gateway-api/gateway.networking.k8s.io/v1/GatewaySpec.d.ts',
  'gateway.networking.k8s.io/HTTPRoute': 'gateway-api/gateway.networking.k8s.io/v1/HTTPRouteSpec.d.ts',
  'gateway.networking.k8s.io/GRPCRoute': 'gateway-api/gateway.networking.k8s.io/v1/GRPCRouteSpec.d.ts',
  'gateway.networking.k8s.io/TLSRoute': 'gateway-api/gateway.networking.k8s.io/v1/TLSRouteSpec.d.ts',
  'gateway.networking.k8s.io/TCPRoute': 'gateway-api/gateway.networking.k8s.io/v1alpha2/TCPRouteSpec.d.ts',
  'gateway.networking.k8s.io/ReferenceGrant': 'gateway-api/gateway.networking.k8s.io/v1beta1/ReferenceGrant.d.ts',
  'gateway.networking.k8s.io/BackendTLSPolicy': 'gateway-api/gateway.networking.k8s.io/v1/BackendTLSPolicySpec.d.ts',
};

/** Union and intersection members know the union of their fields: the validators decide which combinations are legal. */
function merge(a: Shape, b: Shape): Shape {
  if (a === 0) return b;
  if (b === 0) return a;
  if (Array.isArray(a)) return Array.isArray(b) ? [merge(a[0], b[0])] : a;
  if (Array.isArray(b)) return b;
  const out: { [field: string]: Shape } = { ...a };
  for (const [field, shape] of Object.entries(b)) out[field] = field in out ? merge(out[field]!, shape) : shape;
  return out;
}

class TypingsReader {
  private tokens: string[];
  private at = 0;
  private file: string;
  private imports = new Map<string, string>();

  constructor(file: string) {
    this.file = file;
    const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    for (const found of text.matchAll(/import \{([^}]*)\} from "([^"]+)"/g)) {
      for (const name of found[1]!.split(',')) this.imports.set(name.trim(), found[2]!);
    }
    this.tokens = text.match(/"[^"]*"|[A-Za-z_$][\w$.]*|[{}[\]<>()|&;:,?=]|\d+/g) ?? [];
  }

  /** The shape of the file's first interface (or exported type). */
  read(): Shape {
    const start = this.tokens.findIndex((t, i) => t === 'export' && ['interface', 'type'].includes(this.tokens[i + 1]!));
    if (start < 0) return 0;
    this.at = start + 3;
    if (this.tokens[start + 1] === 'type') {
      this.at++;
      return this.type();
    }
    let shape: Shape = 0;
    if (this.tokens[this.at] === 'extends') {
      while (this.tokens[this.at] !== '{') shape = merge(shape, this.named(this.tokens[++this.at]!));
    }
    return merge(shape, this.type());
  }

  private named(name: string): Shape {
    const from = this.imports.get(name);
    return from?.startsWith('./') || from?.startsWith('../')
      ? new TypingsReader(path.join(path.dirname(this.file), from.replace(/\.js$/, '.d.ts'))).read()
      : 0;
  }

  private type(): Shape {
    let shape = this.single();
    while (this.tokens[this.at] === '&' || this.tokens[this.at] === '|') {
      this.at++;
      shape = merge(shape, this.single());
    }
    return shape;
  }

  private single(): Shape {
    const token = this.tokens[this.at++]!;
    if (token === '|') return this.single();
    if (token === '(') {
      const inner = this.type();
      this.at++;
      return inner;
    }
    if (token === '{') return this.members();
    if (this.tokens[this.at] === '<') {
      this.at++;
      const first = this.type();
      while (this.tokens[this.at] === ',') {
        this.at++;
        this.type();
      }
      this.at++;
      return token === 'Array' ? [first] : first;
    }
    return /^I[A-Z]/.test(token) ? this.named(token) : 0;
  }

  private members(): Shape {
    const fields: { [field: string]: Shape } = {};
    let free = false;
    while (this.tokens[this.at] !== '}') {
      if (this.tokens[this.at] === '[') {
        while (this.tokens[this.at++] !== ']');
        this.at++;
        fields['*'] = this.type();
        free = true;
      } else {
        const name = this.tokens[this.at++]!.replace(/"/g, '');
        if (this.tokens[this.at] === '?') this.at++;
        this.at++;
        fields[name] = this.type();
      }
      if (this.tokens[this.at] === ';') this.at++;
    }
    this.at++;
    return !free && Object.keys(fields).length === 0 ? 0 : fields;
  }
}

const shapes: Record<string, Shape> = {};
for (const [kind, file] of Object.entries(sources)) {
  const shape = new TypingsReader(path.join(packages, file)).read();
  const spec =
    typeof shape === 'object' && !Array.isArray(shape) && shape.spec !== undefined && shape.spec !== 0 ? shape.spec : shape;
  shapes[kind] = spec;
}
/** Fields the typings lack: dropped long ago and still in configs, or newer than they are. */
function accept(kind: string, steps: (string | number)[], field: string, added: Shape = 0): void {
  let shape: Shape | undefined = shapes[kind];
  for (const step of steps)
    shape = Array.isArray(shape) ? shape[0] : shape === 0 || shape === undefined ? undefined : shape[step];
  if (typeof shape !== 'object' || Array.isArray(shape)) throw new Error(`${kind} has no ${steps.join('.')} any more`);
  shape[field] = added;
}
accept('networking.istio.io/VirtualService', ['http', 0, 'fault', 'abort'], 'percent');
accept('networking.istio.io/VirtualService', ['http', 0, 'fault', 'delay'], 'percent');
const rule = 'networking.istio.io/DestinationRule';
for (const policy of [['trafficPolicy'], ['subsets', 0, 'trafficPolicy']]) {
  for (const block of [policy, [...policy, 'portLevelSettings', 0]]) {
    accept(rule, [...block, 'outlierDetection'], 'outlierDetectionHttpErrorCodes', [0]);
    accept(rule, [...block, 'connectionPool', 'http'], 'http2KeepAlive', { interval: 0, timeout: 0 });
  }
}

writeFileSync(path.join(here, 'fields.gen.json'), `${JSON.stringify(shapes)}\n`);
