import { Bookmark } from 'lucide-react';
import { useState } from 'react';
import { Button, Menu, type MenuItem } from '../../ui/index.ts';

const key = 'drydock.filters';
const maxSaved = 30;

/** Kept filters, newest first; anything unreadable counts as none. */
export function readSaved(storage: Pick<Storage, 'getItem'>): string[] {
  try {
    const kept: unknown = JSON.parse(storage.getItem(key) ?? '[]');
    return Array.isArray(kept)
      ? kept.filter((one): one is string => typeof one === 'string' && one !== '').slice(0, maxSaved)
      : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** Filters kept on this machine, to choose again. */
export function SavedFilters({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const [saved, setSaved] = useState(() => readSaved(localStorage));
  const keep = (next: string[]) => {
    localStorage.setItem(key, JSON.stringify(next.slice(0, maxSaved)));
    setSaved(next.slice(0, maxSaved));
  };
  const known = saved.includes(text);
  const items: MenuItem[] = saved.map((one) => ({ id: one, label: one, onSelect: () => onChange(one) }));
  if (items.length > 0) items.push({ separator: 'actions' });
  items.push(
    known
      ? { id: ' forget', label: 'Forget this filter', tone: 'bad', onSelect: () => keep(saved.filter((one) => one !== text)) }
      : { id: ' save', label: 'Save this filter', disabled: text.trim() === '', onSelect: () => keep([text, ...saved]) },
  );
  return (
    <Menu
      items={items}
      trigger={
        <Button size="small" variant="ghost" icon={<Bookmark size={12} fill={known ? 'currentColor' : 'none'} />}>
          Saved{saved.length > 0 ? ` ${saved.length}` : ''}
        </Button>
      }
    />
  );
}
