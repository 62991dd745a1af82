import type { Case, Group } from '../case.ts';
import { toHost, versionSubsets } from '../documents.ts';

/* §1 ServiceEntry: endpoints by name. Several addresses of one name are in data-plane/upstream/resolved-names.test.ts. */

const source = '§1 ServiceEntry resolution';
const nobody: Case['expect'] = {
  status: 503,
  body: 'no healthy upstream',
  flags: 'UH',
  details: 'no_healthy_upstream',
  attempts: 0,
};

export const serviceEntryGroups: readonly Group[] = [
  {
    id: 'se-dns',
    source,
    dns: { resolution: 'DNS', address: 'localhost' },
    endpoints: ['a', 'b'],
    trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } },
    cases: [
      {
        name: 'DNS: the addresses of all endpoints',
        repeat: 4,
        expect: { status: 200, shares: { a: [0.5, 0.5], b: [0.5, 0.5] } },
      },
    ],
  },
  {
    id: 'se-dns-subset',
    source,
    dns: { resolution: 'DNS', address: 'localhost' },
    endpoints: ['a', 'b'],
    subsets: versionSubsets('v2'),
    http: [{ route: [toHost('v2')] }],
    cases: [{ name: 'DNS: labels make subsets', expect: { status: 200, server: 'b' } }],
  },
  {
    id: 'se-dns-round-robin',
    source,
    dns: { resolution: 'DNS_ROUND_ROBIN', address: 'localhost' },
    cases: [{ name: 'DNS_ROUND_ROBIN: the one endpoint', expect: { status: 200, server: 'a' } }],
  },
  {
    id: 'se-dns-nowhere',
    source,
    dns: { resolution: 'DNS', address: 'nowhere.invalid' },
    cases: [{ name: 'DNS: a name without an address is no host', expect: nobody }],
  },
  {
    id: 'se-dns-nowhere-round-robin',
    source,
    dns: { resolution: 'DNS_ROUND_ROBIN', address: 'nowhere.invalid' },
    cases: [{ name: 'DNS_ROUND_ROBIN: a name without an address is no host', expect: nobody }],
  },
  {
    id: 'se-dns-split',
    source,
    dns: { resolution: 'DNS', address: 'localhost' },
    endpoints: ['dead', 'a'],
    http: [{ retries: { attempts: 3, retryOn: 'connect-failure' }, route: [toHost()] }],
    cases: [{ name: 'DNS: a retry takes another address', repeat: 5, expect: { status: 200, server: 'a' } }],
  },
];
