import { Lock, LockOpen } from 'lucide-react';
import type { GraphEdge } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { Badge, formatCount, formatShare, Table } from '../../ui/index.ts';
import { shortId } from './mtls.ts';

/** Calls into the mesh, each with what protects it and the requests behind the counts. */
export function ProtectedEdges({ edges }: { edges: readonly GraphEdge[] }) {
  return (
    <Table
      label="Calls and how they are protected"
      rows={edges}
      keyOf={(edge) => edge.id}
      columns={[
        { id: 'from', title: 'From', cell: (edge) => shortId(edge.from) },
        { id: 'to', title: 'To', cell: (edge) => <b>{shortId(edge.to)}</b> },
        { id: 'mtls', title: 'Protected by', cell: (edge) => <Protection edge={edge} /> },
        { id: 'count', title: 'Requests', align: 'end', cell: (edge) => <Requests edge={edge} count={edge.count} /> },
        {
          id: 'plain',
          title: 'In plaintext',
          align: 'end',
          cell: (edge) =>
            edge.mtlsShare === 1 ? (
              <span className="muted">0</span>
            ) : (
              <Requests edge={edge} count={Math.round(edge.count * (1 - edge.mtlsShare))} term="mtls:no" />
            ),
        },
      ]}
    />
  );
}

/** What the callee's sidecar saw counts for plaintext: all hops are shown for it. */
function Requests({ edge, count, term }: { edge: GraphEdge; count: number; term?: string }) {
  const filter = [sourceTerm(edge), `dest:${shortId(edge.to)}`, term].filter(Boolean).join(' ');
  return (
    <a className="num" href={hrefTo('requests', { hops: term ? 'all' : null, filter })}>
      {formatCount(count)}
    </a>
  );
}

/** Somebody outside the mesh has no name. */
const sourceTerm = (edge: GraphEdge) => (edge.from === 'outside' ? '-src:*' : `src:${shortId(edge.from)}`);

function Protection({ edge }: { edge: GraphEdge }) {
  if (edge.mtlsShare === 1)
    return (
      <Badge tone="ok" icon={<Lock size={11} aria-hidden="true" />}>
        mutual TLS
      </Badge>
    );
  return (
    <Badge tone="warn" icon={<LockOpen size={11} aria-hidden="true" />}>
      {edge.mtlsShare === 0 ? 'plaintext' : `${formatShare(edge.mtlsShare)} mutual TLS`}
    </Badge>
  );
}
