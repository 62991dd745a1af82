import type { ResendAnswer } from '../../../proxy/api/body.schema.ts';

type Fields = ResendAnswer['compared']['request'];

const signs: Record<string, { sign: string; word: string }> = {
  changed: { sign: '~', word: 'changed' },
  type: { sign: '~', word: 'of another type' },
  extra: { sign: '+', word: 'new' },
  missing: { sign: '−', word: 'gone' },
};

/** What differs, field by field: where, what was then, what is now. */
export function FieldChanges({ fields, label }: { fields: Fields; label: string }) {
  return (
    <ul className="request-changes" aria-label={label}>
      {fields.map(({ path, kind, recorded, replayed }) => {
        const { sign, word } = signs[kind] ?? { sign: '~', word: kind };
        return (
          <li key={path} data-kind={kind}>
            <span aria-hidden="true" className="request-change-sign">
              {sign}
            </span>
            <span className="mono request-change-path">
              {path} <span className="visually-hidden">{word}</span>
            </span>
            <span className="request-change-values">
              {kind !== 'extra' && (
                <code className="request-change-old">
                  <span className="visually-hidden">was </span>
                  {recorded || '(empty)'}
                </code>
              )}
              {kind !== 'missing' && (
                <code className="request-change-new">
                  <span className="visually-hidden">is </span>
                  {replayed || '(empty)'}
                </code>
              )}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
