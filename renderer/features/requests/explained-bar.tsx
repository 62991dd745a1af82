import type { ReactNode } from 'react';
import { hasTerm, toggleTerm } from '../../../proxy/api/filter/request-filter.ts';
import { Button } from '../../ui/index.ts';
import { SavedFilters } from './saved-filters.tsx';

const quickFilters = [
  { term: 'status>=500', label: 'Errors' },
  { term: 'tries>1', label: 'Retried' },
  { term: 'flag:*', label: 'Flagged' },
  { term: 'fault:*', label: 'Faulted' },
  { term: 'open:yes', label: 'Open' },
] as const;

/** The line under the filter: what it means in words, how many match, and five filters to click. */
export function ExplainedBar({
  text,
  setFilter,
  more,
  children,
}: {
  text: string;
  setFilter: (text: string) => void;
  /** Further buttons. */
  more?: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className="requests-explained">
      {quickFilters.map(({ term, label }) => (
        <Button
          key={term}
          size="small"
          variant="ghost"
          aria-pressed={hasTerm(text, term)}
          title={term}
          onClick={() => setFilter(toggleTerm(text, term))}
        >
          {label}
        </Button>
      ))}
      <SavedFilters text={text} onChange={setFilter} />
      {more}
      <span className="requests-rule" aria-hidden="true" />
      {children}
    </div>
  );
}
