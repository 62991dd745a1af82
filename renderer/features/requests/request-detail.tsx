import { CornerUpRight, Ellipsis, Pencil, Pin, RotateCw, Terminal, X, Zap } from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import type { Exchange, ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import type { Command } from '../../commands/command.ts';
import { useCommandRegistry, useCommands } from '../../commands/registry.ts';
import { useCall, useEngine, useStatus, useStore } from '../../engine/use-engine.ts';
import { Button, ErrorState, formatMs, IconButton, Menu, Skeleton, type TabItem, Tabs } from '../../ui/index.ts';
import { newFile } from '../config/file-names.ts';
import { keepDraft } from '../config/use-draft.ts';
import { MarkEditor } from '../marks/mark-editor.tsx';
import { toFetch, toHttpie, toMatch, toRule } from './copy-as.ts';
import { toCurl } from './curl.ts';
import { AttemptsTab } from './detail-attempts.tsx';
import { DecisionTab } from './detail-decision.tsx';
import { MessageTab } from './detail-message.tsx';
import { MessagesTab, messagesLabel } from './detail-messages.tsx';
import { OverviewTab } from './detail-overview.tsx';
import { TraceTab } from './detail-trace.tsx';
import { useKeepRecording } from './marked-menu.tsx';
import type { RequestMarks } from './marks.ts';
import { OpenFor } from './open-for.tsx';
import { StatusCode } from './request-columns.tsx';
import { ResendAnswer, useResend } from './resend.tsx';

const ResendDialog = lazy(() => import('./resend-dialog.tsx'));

const tabIds = ['overview', 'messages', 'request', 'response', 'decision', 'attempts', 'trace'] as const;
type TabId = (typeof tabIds)[number];
/** How often an exchange that goes on is looked at again. */
const openEveryMs = 1_000;

/** The right pane: everything about one exchange. The list stays as it is. */
export function RequestDetail({ id, marks, onClose }: { id: string; marks: RequestMarks; onClose: () => void }) {
  const { query } = useRoute();
  const router = useRouter();
  const asked = query.get('tab') as TabId | null;
  const [open, setOpen] = useState(false);
  const { data: detail, error, reload } = useCall('getExchange', { params: { id } }, open ? openEveryMs : undefined);
  useEffect(() => setOpen(detail?.open ?? false), [detail]);
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
      {exchange ? <Head exchange={exchange} detail={detail} marks={marks} onClose={onClose} /> : <BareHead onClose={onClose} />}
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
}

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

interface HeadProps {
  exchange: Exchange;
  detail: ExchangeDetail | null;
  marks: RequestMarks;
  onClose: () => void;
}

function Head({ exchange, detail, marks, onClose }: HeadProps) {
  const status = useStatus();
  const registry = useCommandRegistry();
  const resend = useResend(exchange.id);
  const [editing, setEditing] = useState(false);
  const mark = useStore(marks.all).get(exchange.id);
  const commands: Command[] = [
    {
      id: 'requests.resend',
      title: 'Resend this request',
      group: 'This screen',
      icon: RotateCw,
      keys: 'r',
      // As long as a request is open, sending it again is what "again" means; the page reloads by its key elsewhere.
      alsoKeys: '$mod+r',
      when: () => detail !== null && !resend.running,
      run: () => resend.send(),
    },
    {
      id: 'requests.edit-resend',
      title: 'Edit and resend',
      group: 'This screen',
      icon: Pencil,
      keys: 'e',
      when: () => detail !== null,
      run: () => setEditing(true),
    },
    {
      id: 'requests.copy-curl',
      title: 'Copy as curl',
      group: 'This screen',
      icon: Terminal,
      keys: 'c',
      when: () => detail !== null,
      run: async ({ toasts }) => {
        if (!detail) return;
        await navigator.clipboard.writeText(toCurl(detail, status));
        toasts.ok('Copied as curl');
      },
    },
    {
      id: 'requests.add-fault',
      title: `Add fault on ${exchange.source} → ${exchange.destination}`,
      group: 'This screen',
      icon: Zap,
      when: () => exchange.destination !== '',
      run: ({ router }) =>
        router.navigate('faults', {
          to: exchange.destination,
          from: exchange.source === 'outside' || exchange.source === 'ingress' ? null : exchange.source,
          method: exchange.method,
          path: exchange.path.split('?')[0],
        }),
    },
    {
      id: 'requests.pin',
      title: mark?.annotation.pinned ? 'Unpin this request' : 'Pin this request',
      group: 'This screen',
      icon: Pin,
      keys: 'm',
      run: () => marks.togglePin(exchange),
    },
  ];
  useCommands(commands);
  const [again, edit, curl, fault] = commands as [Command, Command, Command, Command];
  return (
    <>
      <header className="request-detail-head">
        <div className="grow">
          <h2 className="request-detail-title">
            <StatusCode exchange={exchange} />
            <span className="requests-method">{exchange.method}</span>
            <span className="mono truncate" title={exchange.path}>
              {exchange.path}
            </span>
          </h2>
          <div className="request-detail-sub num truncate">
            {exchange.source} → {exchange.destination} {exchange.destinationVersion} ·{' '}
            {exchange.open ? (
              <>
                open for <OpenFor since={exchange.time} />
              </>
            ) : (
              formatMs(exchange.durationMs)
            )}
          </div>
        </div>
        <IconButton label="Close" keys="Escape" size="small" icon={<X size={15} />} onClick={onClose} />
      </header>
      <div className="request-detail-actions">
        <Button
          size="small"
          icon={<RotateCw size={13} />}
          keys="r"
          disabled={!detail || resend.running}
          onClick={() => registry.run(again)}
        >
          {resend.running ? 'Sending…' : 'Resend'}
        </Button>
        <IconButton
          label="Edit and resend"
          keys="e"
          size="small"
          variant="default"
          icon={<Pencil size={13} />}
          disabled={!detail}
          onClick={() => registry.run(edit)}
        />
        <Button size="small" icon={<Terminal size={13} />} keys="c" disabled={!detail} onClick={() => registry.run(curl)}>
          Copy as curl
        </Button>
        {detail && <MoreCopies detail={detail} />}
        <Button size="small" icon={<Zap size={13} />} title={fault.title} onClick={() => registry.run(fault)}>
          Add fault
        </Button>
        {exchange.simulated && (
          <span className="muted">
            <CornerUpRight size={12} aria-hidden="true" />{' '}
            {detail?.standIn?.outcome === 'miss' ? 'no recorded answer' : 'answered from a recording'}
          </span>
        )}
      </div>
      <div className="request-detail-marks">
        <MarkEditor annotation={mark?.annotation ?? null} onChange={(annotation) => marks.set(exchange, annotation)} />
      </div>
      <Suspense>
        {editing && detail && (
          <ResendDialog detail={detail} onSend={(change) => void resend.send(change)} onClose={() => setEditing(false)} />
        )}
      </Suspense>
      {resend.answer && detail && (
        <ResendAnswer key={resend.answer.traceId} answer={resend.answer} before={detail} onClose={resend.clear} />
      )}
    </>
  );
}

/** The same request in other words, and a rule that is for requests like it. */
function MoreCopies({ detail }: { detail: ExchangeDetail }) {
  const status = useStatus();
  const registry = useCommandRegistry();
  const copy = (what: string, text: string) =>
    registry.run({
      id: `requests.copy ${what}`,
      title: `Copy as ${what}`,
      group: 'This screen',
      run: async ({ toasts }) => {
        await navigator.clipboard.writeText(text);
        toasts.ok(`Copied as ${what}`);
      },
    });
  const keep = useKeepRecording();
  const makeRule = () => {
    keepDraft(newFile, toRule(detail));
    registry.context.router.navigate('config', { file: newFile });
  };
  return (
    <Menu
      trigger={<IconButton label="More ways to use this request" size="small" variant="default" icon={<Ellipsis size={14} />} />}
      items={[
        { id: 'fetch', label: 'Copy as fetch', onSelect: () => copy('fetch', toFetch(detail, status)) },
        { id: 'httpie', label: 'Copy as HTTPie', onSelect: () => copy('HTTPie', toHttpie(detail, status)) },
        { id: 'match', label: 'Copy as YAML match', onSelect: () => copy('a YAML match', toMatch(detail)) },
        { separator: 'rule' },
        { id: 'keep', label: 'Keep as a recording, with its trace', onSelect: () => keep([{ id: detail.id }]) },
        { id: 'rule', label: 'Write a rule for requests like this', disabled: detail.destination === '', onSelect: makeRule },
      ]}
    />
  );
}
