import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { ScenarioRun } from '../../../proxy/api/scenario.schema.ts';
import { formatClock } from '../../ui/index.ts';
import { useHeldRows, usePointed } from '../../ui/pointed.ts';
import { FindField, searchedFrom, useFind } from '../find-field.tsx';
import { stateWords } from './scenario-words.ts';

export interface ScenarioListProps {
  scenarios: readonly Resource[];
  runs: readonly ScenarioRun[];
  selected: string;
  onSelect: (name: string) => void;
}

const keyOf = ({ namespace, name }: Pick<Resource, 'namespace' | 'name'>) => `${namespace}/${name}`;

/** The scenarios of this mesh, each with how its last run went. */
export function ScenarioList({ scenarios, runs, selected, onSelect }: ScenarioListProps) {
  const find = useFind();
  const { pointed, on } = usePointed();
  const shown = useHeldRows(
    scenarios.filter(({ name }) => find(name)),
    keyOf,
    pointed,
  );
  return (
    <div className="dd-side">
      {scenarios.length >= searchedFrom && <FindField label="Find a scenario" placeholder="Find a scenario" />}
      <ul className="scn-list" aria-label="Scenarios" {...on}>
        {shown.map(({ name, namespace }) => {
          const last = runs.find((run) => run.scenario === name && run.namespace === namespace);
          const words = last === undefined ? null : stateWords[last.state];
          return (
            <li key={keyOf({ namespace, name })}>
              <button
                type="button"
                className="scn-row"
                aria-pressed={name === selected}
                title={name}
                data-testid={`scenario-row-${name}`}
                onClick={() => onSelect(name)}
              >
                <span className="scn-row-name">{name}</span>
                <span className={words ? `tone-${words.tone} tone-text` : 'soft'}>
                  {words && last ? `${words.glyph} ${words.word} · ${formatClock(last.startedAt, false)}` : 'not run yet'}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
      {shown.length === 0 && <p className="soft scn-none">No scenario is called that.</p>}
    </div>
  );
}
