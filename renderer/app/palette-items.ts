import { Box, FileCode, type LucideIcon, Route as RouteIcon, Spline, Workflow } from 'lucide-react';
import type { Resource } from '../../proxy/api/diagnostic.schema.ts';
import type { Graph, TraceSummary } from '../../proxy/api/observability.schema.ts';
import type { Command } from '../commands/command.ts';
import { formatMs } from '../ui/format.ts';
import type { QueryChange } from './router.ts';

/** What can be opened by name, beside the commands. */
export interface PaletteThings {
  graph: Pick<Graph, 'nodes' | 'edges'> | null;
  resources: readonly Pick<Resource, 'kind' | 'namespace' | 'name' | 'spec'>[];
  traces: readonly TraceSummary[];
}

export interface PaletteGroup {
  value: string;
  items: Command[];
}

const order: readonly string[] = [
  ...['This screen', 'Go to', 'Mesh', 'View', 'App', 'Services', 'Routes', 'Other objects', 'Requests to', 'Requests between'],
  'Traces',
];
const routeKinds = /^(VirtualService|HTTPRoute|GRPCRoute|TLSRoute|TCPRoute|UDPRoute)$/;

/** Every command there is now, then services, routes and other objects of the mesh, the latest traces, and its edges as filters. */
export function paletteGroups(commands: readonly Command[], things: PaletteThings): PaletteGroup[] {
  const byGroup = new Map<string, Command[]>();
  const add = (group: string, command: Command) => {
    const known = byGroup.get(group);
    if (known) known.push(command);
    else byGroup.set(group, [command]);
  };
  for (const command of commands) add(command.group, command);
  const nameOf = (id: string) => id.split('/').at(-1) ?? id;
  for (const node of things.graph?.nodes ?? []) {
    if (node.kind !== 'service') continue;
    add('Services', open(`service ${node.id}`, node.name, Box, 'service', { name: node.id }, `service ${node.id}`));
    const filter = `dest:${node.name}`;
    add('Requests to', open(`node ${node.id}`, node.name, Box, 'requests', { filter }, `${filter} requests to`));
  }
  for (const edge of things.graph?.edges ?? []) {
    const [from, to] = [nameOf(edge.from), nameOf(edge.to)];
    const filter = `src:${from} dest:${to}`;
    add(
      'Requests between',
      open(`edge ${edge.id}`, `${from} → ${to}`, Spline, 'requests', { filter }, `${filter} requests between`),
    );
  }
  for (const { kind, namespace, name, spec } of things.resources) {
    const id = `${kind}/${namespace}/${name}`;
    const isRoute = routeKinds.test(kind);
    const words = `${id} config yaml ${isRoute ? `route ${hostsOf(spec)}` : ''}`;
    add(
      isRoute ? 'Routes' : 'Other objects',
      open(id, `${kind} ${name}`, isRoute ? RouteIcon : FileCode, 'config', { object: id }, words),
    );
  }
  for (const trace of things.traces) {
    const errors = trace.errors > 0 ? ` · ✖ ${trace.errors}` : '';
    const title = `${trace.rootName} · ${formatMs(trace.durationMs)}${errors} · ${trace.traceId.slice(0, 8)}`;
    add(
      'Traces',
      open(
        `trace ${trace.traceId}`,
        title,
        Workflow,
        `traces/${trace.traceId}`,
        {},
        `trace ${trace.traceId} ${trace.services.join(' ')}`,
      ),
    );
  }
  return order.filter((group) => byGroup.has(group)).map((group) => ({ value: group, items: byGroup.get(group) ?? [] }));
}

/** A trace id that was typed or pasted opens its trace, whether or not it is among the latest. */
export function pastedTrace(query: string): PaletteGroup | null {
  const id = query.trim().toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(id)) return null;
  return { value: 'Traces', items: [open(`pasted ${id}`, `Open trace ${id}`, Workflow, `traces/${id}`, {}, id)] };
}

/** Every word typed is somewhere in the title, the keywords or the group. */
export function matchesWords({ title, keywords = '', group }: Command, query: string): boolean {
  const text = `${title} ${keywords} ${group}`.toLowerCase();
  return query
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function open(id: string, title: string, icon: LucideIcon, path: string, query: QueryChange, keywords: string): Command {
  return { id, title, group: 'Go to', icon, keywords, run: ({ router }) => router.navigate(path, query) };
}

/** Hosts of a VirtualService, hostnames of a route of the Gateway API. */
function hostsOf(spec: unknown): string {
  if (typeof spec !== 'object' || spec === null) return '';
  const { hosts, hostnames } = spec as { hosts?: unknown; hostnames?: unknown };
  return [hosts, hostnames].flatMap((list) => (Array.isArray(list) ? list : [])).join(' ');
}
