import type { GraphNode } from '../../../proxy/api/observability.schema.ts';
import type { Status, WorkloadStatus } from '../../../proxy/api/status.schema.ts';
import { Facts } from '../../ui/index.ts';
import { RedNumbers } from '../topology/numbers.tsx';

/** Its numbers over the window, and what it is. */
export function ServiceHead({
  service,
  workloads,
  node,
}: {
  service: Status['services'][number];
  workloads: readonly WorkloadStatus[];
  node: GraphNode | undefined;
}) {
  const identity = workloads[0]?.spiffeId;
  const versions = node?.versions.filter(({ version }) => version !== '') ?? [];
  const { name, ports } = service;
  const urls = ports.map(({ port, protocol }) => `${protocol === 'tcp' ? 'tcp' : 'http'}://${name}:${port}`);
  return (
    <div className="service-head">
      {node && <RedNumbers red={node} ends={{ to: node.id }} />}
      <Facts
        rows={[
          ['Called as', <Mono key="urls" text={urls.join(', ')} />],
          ['Ports', ports.map(portWords).join(', ')],
          ['Versions', versions.map(versionWords).join(', ')],
          ['Identity', identity && <Mono key="identity" text={identity} />],
        ]}
      />
    </div>
  );
}

const Mono = ({ text }: { text: string }) => <span className="mono">{text}</span>;

const portWords = ({ name, port, protocol }: Status['services'][number]['ports'][number]): string =>
  `${port} ${protocol}${name && name !== protocol ? ` (${name})` : ''}`;

const versionWords = ({ version, workloads: count, ready }: GraphNode['versions'][number]): string =>
  `${version}${count > 1 ? ` × ${count}` : ''}${ready < count ? ` (${ready} ready)` : ''}`;
