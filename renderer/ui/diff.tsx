import { diffLines, foldSame } from './line-diff.ts';
import './diff.css';

const marks = { same: ' ', added: '+', removed: '−' };
const words = { same: '', added: 'added: ', removed: 'removed: ' };

/** Two texts as one list of lines; every change has its sign, not only its colour. */
export function Diff({ before, after, label }: { before: string; after: string; label: string }) {
  if (before === after) return <p className="muted dd-diff-same">The two texts are the same.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable with the keyboard.
    <section className="dd-diff" aria-label={label} tabIndex={0}>
      {foldSame(diffLines(before, after)).map((line, at) =>
        line === null ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity.
          <div key={at} className="dd-diff-gap" aria-hidden="true">
            ⋯
          </div>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above.
          <div key={at} className="dd-diff-line" data-kind={line.kind}>
            <span aria-hidden="true" className="num">
              {line.before || ''}
            </span>
            <span aria-hidden="true" className="num">
              {line.after || ''}
            </span>
            <span aria-hidden="true">{marks[line.kind]}</span>
            <code>
              {words[line.kind] && <span className="visually-hidden">{words[line.kind]}</span>}
              {line.text}
            </code>
          </div>
        ),
      )}
    </section>
  );
}
