import { useCallback, useMemo, useState } from 'react';
import { describeFilter } from '../../../proxy/api/filter/filter-words.ts';
import { type Filter, parseFilter } from '../../../proxy/api/filter/request-filter.ts';
import { answeredByTraces, unansweredByTraces } from '../../../proxy/api/filter/trace-filter.ts';
import { usePreferences } from '../../app/preferences.ts';
import { hrefTo, useRoute, useRouter } from '../../app/router.ts';
import { useCommands } from '../../commands/registry.ts';
import { useStatus } from '../../engine/use-engine.ts';
import { Button, formatCount, Select, Switch, Toolbar } from '../../ui/index.ts';
import { usePointed } from '../../ui/pointed.ts';
import { FilterBar } from '../requests/filter-bar.tsx';
import { useHeldList } from './held-list.ts';
import { seenInTraces } from './trace-filter.ts';
import { TraceList } from './trace-list.tsx';
import { newestFirst } from './trace-rows.ts';
import { TraceView } from './trace-view.tsx';
import { type Traces, useTraces } from './use-traces.ts';
import '../requests/requests.css';
import './traces.css';

const durations = ['', '20ms', '100ms', '300ms', '1s', '5s'];
const order = { idOf: ({ traceId }: { traceId: string }) => traceId, compare: newestFirst };

/** What the address says is looked for. */
interface Wanted {
  service: string;
  error: boolean;
  min: string;
  text: string;
  filter: Filter;
}

function useWanted(): Wanted {
  const { query } = useRoute();
  const text = query.get('filter') ?? '';
  return {
    service: query.get('service') ?? '',
    error: query.get('error') !== null,
    min: query.get('min') ?? '',
    text,
    filter: useMemo(() => parseFilter(text), [text]),
  };
}

/** Where the time went: traces newest first, one of them as a waterfall. `#/traces/<traceId>?service=&error=true&min=100ms&filter=` */
export default function TracesScreen() {
  const { rest } = useRoute();
  const router = useRouter();
  const { paused } = usePreferences();
  const { pointed, on } = usePointed();
  const [scrolled, setScrolled] = useState(false);
  const [topToken, setTopToken] = useState(0);
  const [shownCount, setShownCount] = useState(0);
  const wanted = useWanted();
  const selected = rest[0] || null;
  const query = {
    service: wanted.service || undefined,
    error: wanted.error ? 'true' : undefined,
    minDuration: wanted.min || undefined,
    // Half a word is no filter yet.
    filter: wanted.filter.problems.length === 0 && wanted.text !== '' ? wanted.text : undefined,
  };
  const traces = useTraces(query, shownCount);
  const held = useHeldList(traces.traces, pointed || scrolled || paused || selected !== null, JSON.stringify(query), order);
  const count = held.shown?.length ?? 0;
  if (count !== shownCount) setShownCount(count);
  const ownQuery = { filter: wanted.text || undefined, service: query.service, error: query.error, min: query.minDuration };
  const close = () => router.navigate('traces', ownQuery);
  const when = () => selected !== null;
  useCommands([{ id: 'traces.close', title: 'Close the trace', group: 'This screen', keys: 'Escape', when, run: close }]);
  const showNew = () => {
    held.release();
    setTopToken(topToken + 1);
  };
  return (
    <div className="screen">
      <TracesToolbar wanted={wanted} traces={traces} waiting={held.waiting} onShowNew={showNew} />
      <Explained wanted={wanted} traces={traces} count={count} />
      <div className={selected ? 'traces-split' : 'traces-whole'}>
        <section className="traces-list" aria-label="Traces" {...on}>
          <TraceList
            traces={held.shown}
            error={traces.error}
            onRetry={traces.reload}
            filtered={Boolean(query.service || query.error || query.minDuration || query.filter)}
            looking={traces.looking}
            narrow={selected !== null}
            selected={selected}
            topToken={topToken}
            onScrolled={setScrolled}
            onRange={traces.onRange}
            onOpen={(traceId) => router.navigate(`traces/${traceId}`, ownQuery, { replace: selected !== null })}
          />
        </section>
        {selected && <TraceView key={selected} traceId={selected} onClose={close} />}
      </div>
    </div>
  );
}

interface ToolbarProps {
  wanted: Wanted;
  traces: Traces;
  waiting: number;
  onShowNew: () => void;
}

function TracesToolbar({ wanted, traces, waiting, onShowNew }: ToolbarProps) {
  const router = useRouter();
  const services = (useStatus()?.services ?? []).map((s) => s.name).sort();
  const names = [...new Set([...services, wanted.service])].filter(Boolean);
  const seen = useCallback(() => seenInTraces(traces.traces ?? []), [traces.traces]);
  return (
    <Toolbar title="Traces">
      <FilterBar
        text={wanted.text}
        filter={wanted.filter}
        onChange={(next) => router.setQuery({ filter: next || null })}
        seen={seen}
        label="Filter the traces"
        placeholder="ms>200   status>=500   dest:ratings"
        testId="traces-filter"
      />
      <Select
        label="Service"
        value={wanted.service}
        options={[{ value: '', label: 'All services' }, ...names.map((name) => ({ value: name, label: name }))]}
        onChange={(value) => router.setQuery({ service: value })}
      />
      <Select
        label="Shortest"
        value={wanted.min}
        options={[...new Set([...durations, wanted.min])].map((value) => ({
          value,
          label: value ? `${value.replace(/(\d)([a-z])/, '$1 $2')} or longer` : 'Any length',
        }))}
        onChange={(value) => router.setQuery({ min: value })}
      />
      <Switch checked={wanted.error} onChange={(checked) => router.setQuery({ error: checked ? 'true' : undefined })}>
        Only with errors
      </Switch>
      {waiting > 0 && (
        <Button size="small" data-testid="traces-waiting" onClick={onShowNew}>
          ↑ {formatCount(waiting)} new
        </Button>
      )}
    </Toolbar>
  );
}

/** What the filter means in words, and how far back was looked. */
function Explained({ wanted, traces, count }: { wanted: Wanted; traces: Traces; count: number }) {
  const { filter, text } = wanted;
  const [problem] = filter.problems;
  const unanswered = unansweredByTraces(filter);
  const empty = (traces.traces?.length ?? 0) === 0;
  if (empty && filter.terms.length === 0 && !problem) return null;
  return (
    <div className="traces-explained">
      {problem ? (
        <span className="tone-bad tone-text truncate" role="alert">
          ✖ {problem.message}
        </span>
      ) : (
        <span className="truncate" role="status">
          Traces: {describeFilter(answeredByTraces(filter)) || 'all'}
        </span>
      )}
      {unanswered.length > 0 && (
        <a href={hrefTo('requests', { filter: text })}>{unanswered.join(', ')}: only single requests know it. Show them</a>
      )}
      <span className="grow" />
      <span className="num" data-testid="traces-count">
        {countWords(count, filter.terms.length > 0, traces.phase)}
        {traces.looking && <span className="muted"> · looking further back…</span>}
      </span>
    </div>
  );
}

function countWords(count: number, filtered: boolean, phase: Traces['phase']): string {
  if (filtered) return `${formatCount(count)} found${phase === 'all' ? ' in all kept' : ' so far'}`;
  return phase === 'all' ? `all ${formatCount(count)} kept` : `latest ${formatCount(count)}`;
}
