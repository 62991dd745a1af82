/** Every column there is, in the order a new list has them; the first ten are shown until somebody chooses. */
export const columnIds = [
  'time',
  'method',
  'path',
  'edge',
  'code',
  'ms',
  'tries',
  'flags',
  'faults',
  'rule',
  'protocol',
  'sent',
  'received',
  'endpoint',
  'version',
  'trace',
  'mtls',
  'reporter',
] as const;
export type ColumnId = (typeof columnIds)[number];

/** `order` holds every column once, shown or not: a column that comes back stands where it stood. */
export interface ColumnChoice {
  order: readonly ColumnId[];
  shown: ReadonlySet<ColumnId>;
}

export const defaultChoice: ColumnChoice = { order: columnIds, shown: new Set(columnIds.slice(0, 10)) };

const key = 'drydock.columns';

/** What was chosen in an earlier run; anything unreadable counts as never chosen. */
export function readChoice(storage: Pick<Storage, 'getItem'>): ColumnChoice {
  try {
    const kept: unknown = JSON.parse(storage.getItem(key) ?? 'null');
    if (typeof kept !== 'object' || kept === null || !('order' in kept) || !('shown' in kept)) return defaultChoice;
    const order = known(kept.order);
    const shown = known(kept.shown);
    // A column that this version has and the kept choice has not goes to the end, hidden.
    return shown.length === 0
      ? defaultChoice
      : { order: [...order, ...columnIds.filter((id) => !order.includes(id))], shown: new Set(shown) };
  } catch (error) {
    if (error instanceof SyntaxError) return defaultChoice;
    throw error;
  }
}

export function keepChoice(storage: Pick<Storage, 'setItem' | 'removeItem'>, choice: ColumnChoice): void {
  if (isDefault(choice)) storage.removeItem(key);
  else storage.setItem(key, JSON.stringify({ order: choice.order, shown: [...choice.shown] }));
}

export function isDefault({ order, shown }: ColumnChoice): boolean {
  const same = shown.size === defaultChoice.shown.size && [...shown].every((id) => defaultChoice.shown.has(id));
  return same && order.every((id, index) => id === columnIds[index]);
}

/** The last column cannot be taken away. */
export function toggleColumn({ order, shown }: ColumnChoice, id: ColumnId): ColumnChoice {
  const next = new Set(shown);
  if (!next.delete(id)) next.add(id);
  return next.size === 0 ? { order, shown } : { order, shown: next };
}

/** One place earlier (-1) or later (1) among all columns, or among the shown ones only, as the list's head shows them. */
export function moveColumn({ order, shown }: ColumnChoice, id: ColumnId, by: -1 | 1, among: 'all' | 'shown'): ColumnChoice {
  const from = order.indexOf(id);
  let to = from + by;
  while (among === 'shown' && to >= 0 && to < order.length && !shown.has(order[to] as ColumnId)) to += by;
  if (from < 0 || to < 0 || to >= order.length) return { order, shown };
  const next = order.filter((one) => one !== id);
  next.splice(to, 0, id);
  return { order: next, shown };
}

function known(list: unknown): ColumnId[] {
  return Array.isArray(list) ? columnIds.filter((id) => list.includes(id)).sort((a, b) => list.indexOf(a) - list.indexOf(b)) : [];
}
