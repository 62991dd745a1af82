/** A mesh of `count` services with one workload each, `s0` …; apps are where `portOf` says, and need not run. */
export function manyServices(count: number, portOf: (index: number) => number): string {
  const services = Array.from(
    { length: count },
    (_, index) => `    - name: s${index}
      port: 9080
      workloads:
        - { version: v1, address: "127.0.0.1:${portOf(index)}" }`,
  );
  return `apiVersion: drydock.dev/v1
kind: Mesh
metadata: { name: bench }
spec:
  services:
${services.join('\n')}
`;
}

/** The same mesh with its sidecars spread over several data-plane threads. */
export function onWorkers(yaml: string, workers: number): string {
  return yaml.replace(/^spec:\n/m, `spec:\n  dataPlane: { workers: ${workers} }\n`);
}

/** A caller and a service, with everything on: strict mutual TLS where asked, authorization, a route with timeout and retries, traces. */
export function policedPair(appPort: number, mtls: 'PERMISSIVE' | 'STRICT'): string {
  return `${guardedPair(appPort, 'http', mtls, '{ methods: [GET], paths: ["/products/*"] }')}---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
    - name: careful
      match: [{ headers: { x-careful: { exact: "1" } } }]
      timeout: 1s
      route: [{ destination: { host: reviews, subset: v1 } }]
    - name: usual
      timeout: 10s
      retries: { attempts: 2, retryOn: "5xx,connect-failure" }
      route: [{ destination: { host: reviews, subset: v1 } }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec:
  host: reviews
  trafficPolicy:
    connectionPool: { http: { http1MaxPendingRequests: 1024, maxRetries: 10 } }
    outlierDetection: { consecutive5xxErrors: 5, interval: 10s }
  subsets: [{ name: v1, labels: { version: v1 } }]
`;
}

/** A caller and a gRPC service with everything on, as policedPair. */
export function grpcPair(serverPort: number): string {
  return `${guardedPair(serverPort, 'grpc', 'STRICT', '{ methods: [POST], paths: ["/echo.Echo/*"] }')}---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
    - name: usual
      timeout: 10s
      retries: { attempts: 2, retryOn: "unavailable,connect-failure" }
      route: [{ destination: { host: reviews } }]
`;
}

/** A caller and an opaque service; the caller has an upstream port for it. */
export function tcpPair(appPort: number): string {
  return `apiVersion: drydock.dev/v1
kind: Mesh
metadata: { name: bench }
spec:
  services:
    - name: web
      port: 9080
      workloads: [{ version: v1, address: "127.0.0.1:9", upstreams: [{ service: store, port: 0 }] }]
    - name: store
      port: 7000
      protocol: tcp
      workloads: [{ version: v1, address: "127.0.0.1:${appPort}" }]
`;
}

/** `web` and `reviews` on one port, mutual TLS as asked, and the one operation that reviews allows. */
function guardedPair(port: number, protocol: 'http' | 'grpc', mtls: 'PERMISSIVE' | 'STRICT', operation: string): string {
  const service = (name: string) => `    - name: ${name}
      port: 9080
      protocol: ${protocol}
      workloads: [{ version: v1, address: "127.0.0.1:${port}" }]
`;
  return `apiVersion: drydock.dev/v1
kind: Mesh
metadata: { name: bench }
spec:
  services:
${service('web')}${service('reviews')}---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default }
spec: { mtls: { mode: ${mtls} } }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: allowed }
spec:
  selector: { matchLabels: { app: reviews } }
  action: ALLOW
  rules:
    - to: [{ operation: ${operation} }]
`;
}
