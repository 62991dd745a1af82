import type { RunSummary } from '../../../proxy/api/runs.schema.ts';
import { formatSpan, plural } from '../../ui/index.ts';
import { caveatsOf, conditionOf, isPresent, nameOf, spanOf } from './run-words.ts';

/** The present run and the kept ones, newest first: the chosen one is shown, or held against another. */
export function RunList({
  runs,
  chosen,
  onChoose,
}: {
  runs: readonly RunSummary[];
  chosen: string;
  onChoose: (id: string) => void;
}) {
  const mesh = runs.find(isPresent)?.mesh ?? '';
  const now = Date.now();
  return (
    <nav className="runs-list" aria-label="Runs kept">
      <ul>
        {runs.map((run) => {
          const id = isPresent(run) ? 'current' : run.id;
          return (
            <li key={run.id}>
              <button
                type="button"
                className="runs-item"
                aria-current={id === chosen ? 'true' : undefined}
                data-testid="run-row"
                data-id={id}
                onClick={() => onChoose(id)}
              >
                <span className="runs-item-name">
                  <b>{nameOf(run)}</b>
                  <span className="muted num">{run.durationMs === undefined ? '' : formatSpan(run.durationMs)}</span>
                </span>
                <span className="runs-item-line soft num">
                  <span>{spanOf(run, now)}</span>
                  <span className="truncate">{plural(run.requests, 'request')}</span>
                </span>
                <span className="muted num truncate">{conditionOf(run)}</span>
                <Caveats run={run} mesh={mesh} />
              </button>
            </li>
          );
        })}
      </ul>
      <p className="muted runs-kept">The last ten runs of each mesh are kept, whatever their traffic.</p>
    </nav>
  );
}

function Caveats({ run, mesh }: { run: RunSummary; mesh: string }) {
  const caveats = caveatsOf(run, mesh);
  if (caveats.length === 0) return null;
  return (
    <span className="runs-caveats">
      {caveats.map(({ glyph, word, explain }) => (
        <span key={glyph} className="tone-warn tone-text truncate" title={explain}>
          {glyph} {word}
        </span>
      ))}
    </span>
  );
}
