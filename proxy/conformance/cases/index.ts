import type { Group } from '../case.ts';
import { destinationGroups } from './destinations.ts';
import { edgeGroups } from './edges.ts';
import { envoyFilterGroups } from './envoy-filters.ts';
import { filterGroups } from './filters.ts';
import { matchGroups } from './match.ts';
import { oddityGroups } from './oddities.ts';
import { resilienceGroups } from './resilience.ts';
import { routeGroups } from './routes.ts';
import { serviceEntryGroups } from './service-entries.ts';
import { upstreamTlsGroups } from './upstream-tls.ts';
import { wireGroups } from './wire.ts';

/** Everything one outbound proxy can answer. */
export const outboundGroups: readonly Group[] = [
  ...matchGroups,
  ...routeGroups,
  ...resilienceGroups,
  ...destinationGroups,
  ...filterGroups,
  ...edgeGroups,
  ...upstreamTlsGroups,
  ...serviceEntryGroups,
  ...oddityGroups,
  ...envoyFilterGroups,
  ...wireGroups,
];
