import { hrefTo } from '../../app/router.ts';
import { formatCount, plural } from '../../ui/index.ts';
import { affectedBy, type ChangedObject } from './affected.ts';
import { useLastMinute } from './use-last-minute.ts';

const maxNamed = 3;

/** Before a text is applied: what it changes, and how much of the traffic passes there. */
export function AffectedLine({ changed }: { changed: readonly ChangedObject[] }) {
  const { exchanges, words } = useLastMinute();
  const { count, total, filter } = affectedBy(changed, exchanges);
  if (changed.length === 0) return null;
  const names = changed.slice(0, maxNamed).map(({ kind, name, how }) => `${kind} ${name}${how === 'new' ? ' (new)' : ''}`);
  const more = changed.length > maxNamed ? ` and ${formatCount(changed.length - maxNamed)} more` : '';
  return (
    <div className="row config-affected" data-testid="config-affected">
      <span className="truncate grow" title={changed.map(({ kind, name, how }) => `${kind} ${name}: ${how}`).join('\n')}>
        Apply changes {names.join(', ')}
        {more}.
      </span>
      <span className="num">
        {total === 0 ? (
          <span className="muted">No request in {words}.</span>
        ) : (
          <>
            Acts where{' '}
            <a href={hrefTo('requests', { filter })}>
              {formatCount(count)} of {plural(total, 'request')}
            </a>{' '}
            of {words} went.
          </>
        )}
      </span>
    </div>
  );
}
