import { useCallback, useMemo } from 'react';
import { useRoute, useRouter } from '../../app/router.ts';
import { type LabelKind, labelKinds } from './edge-view.ts';
import type { FindMode } from './find-bar.tsx';
import type { GroupBy } from './topology-view.ts';

export type ViewKind = 'graph' | 'table';

/** What the screen's URL says; each change is a new URL. */
export interface TopologyQuery {
  label: LabelKind;
  group: GroupBy;
  /** null: nobody has chosen. */
  view: ViewKind | null;
  /** Id of an edge or a node. */
  selected: string | null;
  find: string;
  mode: FindMode;
  /** A dialog that is open. */
  dialog: 'add' | 'import' | null;
}

export interface TopologyActions {
  setLabel(label: LabelKind): void;
  setGroup(group: GroupBy): void;
  setView(view: ViewKind): void;
  setFind(text: string): void;
  setMode(mode: FindMode): void;
  select(id: string | null): void;
  openDialog(dialog: 'add' | 'import'): void;
  closeDialog(): void;
}

const unless = <T extends string>(value: T, fallback: T): T | null => (value === fallback ? null : value);

/** The actions keep their identity, so that what gets them is not drawn again with every tick. */
export function useTopologyQuery(): [TopologyQuery, TopologyActions] {
  const { query } = useRoute();
  const router = useRouter();
  const select = useCallback(
    (id: string | null) => {
      const chosen = id === null ? null : withoutVersion(id);
      const isEdge = chosen?.includes('->') ?? false;
      const { query: before } = router.route.get();
      const isFirst = !before.has('edge') && !before.has('node') && chosen !== null;
      router.setQuery({ edge: isEdge ? chosen : null, node: isEdge ? null : chosen }, { push: isFirst });
    },
    [router],
  );
  const actions = useMemo<TopologyActions>(
    () => ({
      setLabel: (label) => router.setQuery({ labels: unless(label, 'rate') }),
      setGroup: (group) => router.setQuery({ group: unless(group, 'service') }),
      setView: (view) => router.setQuery({ view }),
      setFind: (text) => router.setQuery({ find: text === '' ? null : text }),
      setMode: (mode) => router.setQuery({ mode: unless(mode, 'find') }),
      select,
      openDialog: (dialog) => router.setQuery({ [dialog]: '1' }, { push: true }),
      closeDialog: () => router.setQuery({ add: null, import: null }),
    }),
    [router, select],
  );
  return [useMemo(() => readQuery(query), [query]), actions];
}

export function readQuery(query: URLSearchParams): TopologyQuery {
  return {
    label: readChoice(query.get('labels'), labelKinds, 'rate'),
    group: readChoice<GroupBy>(query.get('group'), ['service', 'version'], 'service'),
    view: readChoice<ViewKind | null>(query.get('view'), ['graph', 'table'], null),
    selected: query.get('edge') ?? query.get('node'),
    find: query.get('find') ?? '',
    mode: readChoice<FindMode>(query.get('mode'), ['find', 'hide'], 'find'),
    dialog: query.has('add') ? 'add' : query.has('import') ? 'import' : null,
  };
}

/** A version's box and the line to it belong to their service. */
function withoutVersion(id: string): string {
  if (!id.includes('@')) return id;
  return (id.includes('->') ? id.split('->')[0] : id.split('@')[0]) ?? id;
}

function readChoice<T extends string | null>(text: string | null, choices: readonly T[], fallback: T): T {
  return choices.find((choice) => choice === text) ?? fallback;
}
