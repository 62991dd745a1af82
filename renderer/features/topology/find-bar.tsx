import type { Filter } from '../../../proxy/api/filter/request-filter.ts';
import type { Graph } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { Segments } from '../../ui/index.ts';
import { FilterBar } from '../requests/filter-bar.tsx';
import '../requests/requests.css';
import { type Found, seenInGraph } from './topology-find.ts';
import type { TopologyActions } from './topology-query.ts';

export type FindMode = 'find' | 'hide';

/** The filter of the requests list over the picture: mark what meets it, or hide everything else. */
export function FindBar({
  graph,
  text,
  filter,
  found,
  mode,
  actions,
}: {
  graph: Graph;
  text: string;
  filter: Filter;
  found: Found | null;
  mode: FindMode;
  actions: Pick<TopologyActions, 'setFind' | 'setMode'>;
}) {
  const [problem] = filter.problems;
  return (
    <div className="topo-find">
      <FilterBar
        text={text}
        filter={filter}
        onChange={actions.setFind}
        seen={() => seenInGraph(graph)}
        label="Find in the topology"
        placeholder="reviews   status>=500   fault:*   -dest:db"
        testId="topology-find"
      />
      <Segments
        label="What the filter does"
        value={mode}
        options={[
          { value: 'find', label: 'find' },
          { value: 'hide', label: 'hide others' },
        ]}
        onChange={actions.setMode}
      />
      <span className="soft num topo-found" role="status" data-testid="topology-found">
        {problem
          ? `▲ ${problem.message}`
          : found && `${found.nodes.size} of ${graph.nodes.length} services, ${found.edges.size} of ${graph.edges.length} edges`}
      </span>
      {found && found.unanswered.length > 0 && (
        <a href={hrefTo('requests', { filter: text })}>{found.unanswered.join(', ')}: only single requests know it. Show them</a>
      )}
    </div>
  );
}
