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
