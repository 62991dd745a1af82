import { ArrowDown, ArrowDownUp, ArrowUp, Columns3, FilterX, List, ListTree, X } from 'lucide-react';
import { useRouter } from '../../app/router.ts';
import type { Command } from '../../commands/command.ts';
import { useCommands } from '../../commands/registry.ts';
import type { RequestList } from './use-request-list.ts';

/** What the list can be told by keys and by the palette; each has its place on the page too. */
export function useListCommands(shown: RequestList, chooseColumns: () => void): void {
  const router = useRouter();
  const { rows, grouped, filterText, sort } = shown;
  const toggleGroups = () => router.setQuery({ view: grouped ? null : 'groups', id: null, tab: null });
  useCommands([
    ...selectionCommands(shown),
    on('follow', 'Follow new requests', ArrowUp, shown.follow, { keys: 'f', when: () => rows.frozen }),
    on('show-all', 'Show all, not a sample', List, rows.showAll, { when: () => rows.sampled !== null }),
    on('clear-filter', 'Clear the filter', FilterX, () => shown.setFilter(''), { when: () => filterText !== '' }),
    on('columns', 'Choose the columns', Columns3, chooseColumns, { keys: 'v', when: () => !grouped }),
    on('groups', grouped ? 'Show one by one' : 'Group by edge and route', ListTree, toggleGroups, { keys: 't' }),
    on('unsort', 'Unsort: newest first again', ArrowDownUp, () => shown.sortBy(null), { when: () => sort !== null }),
  ]);
}

function selectionCommands({ rows, selectedId, select, close, grouped }: RequestList): Command[] {
  const { at, count } = rows;
  const step = (by: number) => {
    let index = -1;
    for (let row = 0; row < count && index < 0; row++) if (at(row)?.id === selectedId) index = row;
    const next = at(index < 0 ? 0 : Math.max(0, Math.min(count - 1, index + by)));
    if (next) select(next);
  };
  const when = () => count > 0 && !grouped;
  return [
    on('next', 'Next request', ArrowDown, () => step(1), { keys: 'j', when }),
    on('previous', 'Previous request', ArrowUp, () => step(-1), { keys: 'k', when }),
    on('close', 'Close the detail', X, close, { keys: 'Escape', when: () => selectedId !== null }),
  ];
}

function on(id: string, title: string, icon: Command['icon'], run: () => void, more: Partial<Command>): Command {
  return { id: `requests.${id}`, title, group: 'This screen', icon, run, ...more };
}
