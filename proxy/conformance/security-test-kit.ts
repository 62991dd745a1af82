import type { ExchangeDetail } from '../api/exchange.schema.ts';
import { type Apps, startApps } from './apps.ts';
import type { Case, Document, Observation } from './case.ts';
import { meshText } from './documents.ts';
import { startMesh, type TestMesh } from './mesh.ts';
import { exchangesOf, portOf, RawClient } from './protocols/kit.ts';
import { send } from './send.ts';

/** Answered requests and connections with what the callee's sidecar says about them. */
export interface Told {
  callee: ExchangeDetail;
  /** `AuthorizationPolicy default/denied spec.rules[1] denied: a DENY rule matches` */
  policies: string[];
}

export interface SecurityMeshOptions {
  /** HTTP services; each is app a, on port 9080. */
  http: readonly string[];
  /** Opaque ones, on port 7000. */
  tcp: readonly string[];
  /** Further services, as the mesh file has them. */
  services: Document[];
  extensionProviders: Document[];
  documents: readonly Document[];
}

export const policy = (name: string, spec: Document, annotations: Document = {}): Document => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name, namespace: 'default', annotations },
  // `asked.b` is a second policy of the service asked.
  spec: { selector: { matchLabels: { app: name.replace(/\..*/, '') } }, ...spec },
});

export const customPolicy = (name: string, provider: string, rules: Document[] = [{}]): Document =>
  policy(name, { action: 'CUSTOM', provider: { name: provider }, rules });

export const saysOf = ({ decision }: ExchangeDetail): string[] =>
  (decision?.policies ?? []).map(
    ({ resource, outcome, reason }) =>
      `${resource.kind} ${resource.namespace}/${resource.name}${resource.path ? ` ${resource.path}` : ''} ${outcome}: ${reason}`,
  );

/** Two sidecars with a policy between: one service per behaviour, all of them app a, called from the service `client`. */
export class SecurityMesh {
  readonly mesh: TestMesh;
  readonly #apps: Apps;
  readonly #connections = new Map<string, number>();
  #sent = 0;

  private constructor(apps: Apps, mesh: TestMesh) {
    this.#apps = apps;
    this.mesh = mesh;
  }

  static async start({ http, tcp, services, extensionProviders, documents }: SecurityMeshOptions): Promise<SecurityMesh> {
    const apps = await startApps();
    const address = `127.0.0.1:${apps.ports.a}`;
    const client = { address, upstreams: tcp.map((service) => ({ service, port: 0 })) };
    const spec = {
      services: [
        { name: 'client', port: 9080, workloads: [client] },
        ...http.map((name) => ({ name, port: 9080, workloads: [{ address }] })),
        ...tcp.map((name) => ({ name, port: 7000, protocol: 'tcp', workloads: [{ address }] })),
        ...services,
      ],
      extensionProviders,
    };
    return new SecurityMesh(apps, await startMesh(meshText(spec, documents)));
  }

  /** One request from the client's sidecar. */
  async ask(service: string, request: Partial<Case> = {}): Promise<Observation & Told> {
    const id = `s-${++this.#sent}`;
    const path = `${request.path ?? '/'}${request.path?.includes('?') ? '&' : '?'}n=${id}`;
    const asked = { name: id, expect: {}, ...request, path };
    const seen = await send(this.mesh.outbound('client-x-0'), asked, `${service}:9080`, id);
    seen.seen = this.#apps.seen.get(id) ?? [];
    const [callee] = await exchangesOf(this.mesh, `reporter=destination&path=${encodeURIComponent(path)}`, 1);
    return { ...seen, callee: callee!, policies: saysOf(callee!) };
  }

  /** One connection to an opaque service; `answered`: app a was reached. */
  async connect(service: string): Promise<Told & { answered: boolean }> {
    const { upstreams } = this.mesh.engine.ready().workloads.find(({ id }) => id === 'client-x-0')!;
    const client = new RawClient(portOf(upstreams[service]!));
    client.socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    await client.until(({ closed, ended, error }) => closed || ended || error !== '');
    client.socket.destroy();
    const count = (this.#connections.get(service) ?? 0) + 1;
    this.#connections.set(service, count);
    const callee = (await exchangesOf(this.mesh, `to=${service}&reporter=destination`, count)).at(-1)!;
    return { answered: client.text.startsWith('HTTP/1.1 200'), callee, policies: saysOf(callee) };
  }

  async close(): Promise<void> {
    await this.mesh.close();
    await this.#apps.close();
  }
}
