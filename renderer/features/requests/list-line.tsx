import { ArrowDown, ArrowUp } from 'lucide-react';
import type { ReactNode } from 'react';
import { describeFilter } from '../../../proxy/api/filter/filter-words.ts';
import { usePreferences } from '../../app/preferences.ts';
import { formatCount, plural } from '../../ui/index.ts';
import { ExplainedBar } from './explained-bar.tsx';
import { MarkedMenu } from './marked-menu.tsx';
import type { RequestList } from './use-request-list.ts';

/** What the filter means, how many it finds, and what of that is not on the page right now. */
export function ListLine({ shown, children }: { shown: RequestList; children: ReactNode }) {
  const { filterText, filter, setFilter, marks, marked } = shown;
  return (
    <ExplainedBar
      text={filterText}
      setFilter={setFilter}
      more={<MarkedMenu marks={marks} marked={marked} text={filterText} onChange={setFilter} />}
    >
      {filter.problems.length > 0 ? (
        <span className="tone-bad tone-text truncate" role="alert" title={filter.problems[0]?.message}>
          ✖ {filter.problems[0]?.message}
        </span>
      ) : (
        <span className="truncate" role="status">
          {filter.terms.length > 0 ? `Showing ${describeFilter(filter)}` : 'Showing everything'}
        </span>
      )}
      <span className="grow" />
      <Newer shown={shown} />
      <Sampled shown={shown} />
      <Count shown={shown} />
      {children}
    </ExplainedBar>
  );
}

/** What came since the list stands still; a click lets it in. */
function Newer({ shown: { rows, sort, follow } }: { shown: RequestList }) {
  const { paused } = usePreferences();
  if (rows.fresh === 0 || !rows.frozen || paused) return null;
  return (
    <button type="button" className="requests-new num" data-testid="requests-new" onClick={follow}>
      {formatCount(rows.fresh)} new{' '}
      {sort ? <ArrowDown size={13} aria-label="sorted in" /> : <ArrowUp size={13} aria-hidden="true" />}
    </button>
  );
}

/** More pass than anybody can read: the view alone is thinned out, and says so. */
function Sampled({ shown: { rows, grouped } }: { shown: RequestList }) {
  const { sampled } = rows;
  if (!sampled || grouped) return null;
  const words = rows.frozen || sampled.every === 1 ? `${formatCount(sampled.leftOut)} not shown` : `sampled 1:${sampled.every}`;
  return (
    <button
      type="button"
      className="requests-sampled num"
      data-testid="requests-sampled"
      title={`More than anybody can read: one in ${sampled.every === 1 ? 'several' : sampled.every} has a row. All ${formatCount(rows.matching)} are kept, counted and found; click to freeze the list and show them.`}
      onClick={rows.showAll}
    >
      {words} <span className="requests-sampled-act">Show all</span>
    </button>
  );
}

function Count({ shown: { rows, total, allHops, filter, looking } }: { shown: RequestList }) {
  const noun = allHops ? 'report' : 'call';
  const words = filter.terms.length > 0 ? `${formatCount(rows.matching)} of ${plural(total, noun)}` : plural(rows.matching, noun);
  return (
    <span
      className="num requests-count"
      data-testid="requests-count"
      title={
        allHops
          ? 'Both sidecars report a call: ⤷ marks the destination’s report.'
          : 'One row per call, as its caller’s sidecar saw it. All hops shows what both sidecars reported.'
      }
    >
      {words}
      {looking && <span className="muted"> · looking further back…</span>}
    </span>
  );
}
