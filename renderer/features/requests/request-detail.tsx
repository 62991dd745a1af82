import { X } from 'lucide-react';
import { memo, useEffect, useMemo, useState } from 'react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import { ErrorState, IconButton, Skeleton, type TabItem, Tabs } from '../../ui/index.ts';
import { AttemptsTab } from './detail-attempts.tsx';
import { DecisionTab } from './detail-decision.tsx';
import { DetailHead } from './detail-head.tsx';
import { MessageTab } from './detail-message.tsx';
import { MessagesTab, messagesLabel } from './detail-messages.tsx';
import { OverviewTab } from './detail-overview.tsx';
import { TraceTab } from './detail-trace.tsx';
import { type Entering, useEntered } from './enter-detail.ts';
import type { RequestMarks } from './marks.ts';

const tabIds = ['overview', 'messages', 'request', 'response', 'decision', 'attempts', 'trace'] as const;
type TabId = (typeof tabIds)[number];
/** How often an exchange that goes on is looked at again. */
const openEveryMs = 1_000;

/** The right pane: everything about one exchange. The list stays as it is, and its ten pictures a second do not draw this again. */
export const RequestDetail = memo(function RequestDetail({
  id,
  marks,
  entering,
  onClose,
}: {
  id: string;
  marks: RequestMarks;
  entering: Entering;
  onClose: () => void;
}) {
  const { query } = useRoute();
  const router = useRouter();
  const asked = query.get('tab') as TabId | null;
  const [open, setOpen] = useState(false);
  const { data: detail, error, reload } = useCall('getExchange', { params: { id } }, open ? openEveryMs : undefined);
  useEffect(() => setOpen(detail?.open ?? false), [detail]);
  useEntered(entering, detail !== null);
  const known = useKnown(id);
  const exchange = detail ?? known;
  const messages = messagesLabel(detail);
  // What people open a WebSocket or an event stream for is what passes through it.
  const usual: TabId =
    messages !== '' && detail?.messages?.items[0]?.kind !== 'data' && detail?.messages ? 'messages' : 'overview';
  const tab: TabId = asked && tabIds.includes(asked) && (asked !== 'messages' || messages !== '') ? asked : usual;

  const tabs: TabItem<TabId>[] = [
    { id: 'overview', label: 'Overview' },
    ...(messages === '' ? [] : [{ id: 'messages' as const, label: messages, count: detail?.messages?.total }]),
    { id: 'request', label: 'Request' },
    { id: 'response', label: 'Response' },
    { id: 'decision', label: 'Decision' },
    { id: 'attempts', label: 'Attempts', count: (exchange?.attempts.length ?? 0) > 1 ? exchange?.attempts.length : undefined },
    { id: 'trace', label: 'Trace' },
  ];
  return (
    <aside className="request-detail" aria-label="Request detail" data-testid="request-detail">
      {exchange ? (
        <DetailHead exchange={exchange} detail={detail} marks={marks} onClose={onClose} />
      ) : (
        <BareHead onClose={onClose} />
      )}
      {error ? (
        <ErrorState title="The details are not here" message={error} onRetry={reload} />
      ) : !detail ? (
        <Skeleton lines={9} />
      ) : (
        <Tabs
          className="grow"
          label="Request detail"
          tabs={tabs}
          value={tab}
          onChange={(next) => router.setQuery({ tab: next === usual ? null : next })}
        >
          {tab === 'overview' && <OverviewTab detail={detail} />}
          {tab === 'messages' && <MessagesTab detail={detail} />}
          {tab === 'request' && <MessageTab side="request" detail={detail} />}
          {tab === 'response' && <MessageTab side="response" detail={detail} />}
          {tab === 'decision' && <DecisionTab detail={detail} />}
          {tab === 'attempts' && <AttemptsTab detail={detail} />}
          {tab === 'trace' && <TraceTab detail={detail} />}
        </Tabs>
      )}
    </aside>
  );
});

/** What the list already knows, to show before the details arrive. */
function useKnown(id: string): Exchange | null {
  const { exchanges } = useEngine();
  return useMemo(() => {
    const { first, end } = exchanges.get();
    for (let number = end - 1; number >= first; number--) {
      const exchange = exchanges.at(number);
      if (exchange?.id === id) return exchange;
    }
    return null;
  }, [exchanges, id]);
}

function BareHead({ onClose }: { onClose: () => void }) {
  return (
    <header className="request-detail-head">
      <div className="grow" />
      <IconButton label="Close" keys="Escape" size="small" icon={<X size={15} />} onClick={onClose} />
    </header>
  );
}
