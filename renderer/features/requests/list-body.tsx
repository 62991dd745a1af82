import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { useRouter } from '../../app/router.ts';
import { useRingView } from '../../engine/use-engine.ts';
import { type Column, VirtualList } from '../../ui/index.ts';
import { type ColumnChoice, type ColumnId, moveColumn } from './column-choice.ts';
import { GroupList } from './group-list.tsx';
import { markClass } from './marked-columns.tsx';
import { NoRequests } from './no-requests.tsx';
import { requestColumns } from './request-columns.tsx';
import { nextSort } from './sort-rows.ts';
import type { RequestList } from './use-request-list.ts';

export interface ListBodyProps {
  shown: RequestList;
  columns: Column<Exchange>[];
  choice: ColumnChoice;
  onChoice: (choice: ColumnChoice) => void;
  /** Into the details of the selected row. */
  onEnter: () => void;
}

/** The rows, or the routes they make up, or why there are none. */
export function ListBody({ shown, columns, choice, onChoice, onEnter }: ListBodyProps) {
  const router = useRouter();
  const ring = useRingView();
  const { rows, filterText, sort, marked } = shown;
  if (rows.count === 0)
    return (
      <NoRequests
        filtered={filterText !== ''}
        any={ring.end > ring.first}
        looking={shown.looking}
        lookFailed={shown.lookFailed}
        onClear={() => shown.setFilter('')}
      />
    );
  if (shown.grouped)
    return (
      <GroupList
        list={shown.list}
        older={shown.older}
        onOpen={(text) => router.setQuery({ view: null, filter: `${filterText} ${text}`.trim() }, { push: true })}
      />
    );
  return (
    <VirtualList
      label={sort ? `Requests by ${requestColumns[sort.column].name}` : 'Requests, newest first'}
      head={{
        label: 'Sort the requests',
        sort,
        onSort: (id) => shown.sortBy(nextSort(sort, id as ColumnId)),
        onMove: (id, by) => onChoice(moveColumn(choice, id as ColumnId, by, 'shown')),
      }}
      columns={columns}
      count={rows.count}
      at={rows.at}
      keyOf={(exchange) => exchange.id}
      selected={shown.selectedId}
      onSelect={shown.select}
      onScrolled={rows.onScrolled}
      onRange={shown.onRange}
      onOpen={onEnter}
      topToken={rows.topToken}
      placeToken={rows.placeToken}
      rowTestId="request-row"
      rowClass={(exchange) => `${isFailed(exchange) ? 'requests-failed' : ''} ${markClass(marked.get(exchange.id))}`.trim()}
    />
  );
}

const isFailed = ({ status, flags }: Exchange) => status >= 500 || (flags !== '' && status === 0);
