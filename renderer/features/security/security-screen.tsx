import { useRoute, useRouter } from '../../app/router.ts';
import { useCall, useStatus } from '../../engine/use-engine.ts';
import { ErrorState, Skeleton, Tabs, Toolbar } from '../../ui/index.ts';
import { EdgesTab } from './edges-tab.tsx';
import { IdentitiesTab } from './identities-tab.tsx';
import { isPolicy, PoliciesTab } from './policies-tab.tsx';
import './security.css';
import { SimulateTab } from './simulate-tab.tsx';

const tabIds = ['edges', 'identities', 'policies', 'simulate'] as const;
type TabId = (typeof tabIds)[number];

/** Who may call whom, how it is known who somebody is, and what would happen if. `#/security?tab=` */
export default function SecurityScreen() {
  const { query } = useRoute();
  const router = useRouter();
  const status = useStatus();
  const { data, error, reload } = useCall('listResources', {}, 3000);
  const asked = query.get('tab') as TabId | null;
  const tab: TabId = asked && tabIds.includes(asked) ? asked : 'edges';
  const resources = data?.resources ?? [];
  return (
    <div className="screen">
      <Toolbar title="Security" />
      {error && !data ? (
        <ErrorState title="The policies cannot be read" message={error} onRetry={reload} />
      ) : !data || !status ? (
        <Skeleton lines={9} />
      ) : (
        <Tabs
          className="grow security"
          label="Security"
          value={tab}
          onChange={(next) => router.setQuery({ tab: next === 'edges' ? null : next })}
          tabs={[
            { id: 'edges', label: 'Mutual TLS' },
            { id: 'identities', label: 'Identities', count: status.certificates.length },
            { id: 'policies', label: 'Policies', count: resources.filter(isPolicy).length },
            { id: 'simulate', label: 'Simulate' },
          ]}
        >
          <div className="security-body">
            {tab === 'edges' && <EdgesTab resources={resources} onChanged={reload} />}
            {tab === 'identities' && <IdentitiesTab status={status} />}
            {tab === 'policies' && <PoliciesTab resources={resources} />}
            {tab === 'simulate' && <SimulateTab status={status} />}
          </div>
        </Tabs>
      )}
    </div>
  );
}
