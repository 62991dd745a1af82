import type { ScenarioRun } from '../../../proxy/api/scenario.schema.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { useCall } from '../../engine/use-engine.ts';
import { formatClock, Panel, Select, Table } from '../../ui/index.ts';
import { stateWords } from './scenario-words.ts';

/** A run beside another: the last that passed unless one is chosen; `?with=` names it. */
export function RunComparison({ run, runs }: { run: ScenarioRun; runs: readonly ScenarioRun[] }) {
  const { query } = useRoute();
  const router = useRouter();
  const others = runs.filter(({ id, state }) => id !== run.id && state !== 'running');
  const chosen = others.find(({ id }) => id === query.get('with'));
  const asks = chosen && run.state !== 'running' ? { params: { id: run.id }, query: { with: chosen.id } } : null;
  const asked = useCall('compareScenarioRuns', asks).data;
  const comparison = chosen ? asked : run.baseline;
  if (run.state === 'running' || others.length === 0) return null;
  const baseline = others.find(({ id }) => id === run.baseline?.id);
  const rows = comparison?.differences ?? [];
  return (
    <Panel
      title={comparison ? `Against run #${comparison.number}` : 'Compare'}
      hint={comparison && !chosen ? 'the last one that passed' : undefined}
      flush={rows.length > 0}
      actions={
        <Select
          label="Compare with"
          value={chosen?.id ?? baseline?.id ?? ''}
          onChange={(id) => router.setQuery({ with: id === '' || id === baseline?.id ? undefined : id })}
          options={[
            ...(baseline || chosen ? [] : [{ value: '', label: 'Choose a run' }]),
            ...others.map((one) => ({
              value: one.id,
              label: `#${one.number} ${stateWords[one.state].glyph} ${stateWords[one.state].word} · ${formatClock(one.startedAt, false)}`,
            })),
          ]}
        />
      }
    >
      {rows.length > 0 ? (
        <Table
          label="Differences"
          rows={rows}
          keyOf={(one) => one.what}
          columns={[
            { id: 'what', title: 'What', cell: (one) => one.what },
            { id: 'before', title: 'Then', align: 'end', cell: (one) => <span className="num soft">{one.before}</span> },
            { id: 'now', title: 'This run', align: 'end', cell: (one) => <b className="num">{one.now}</b> },
            { id: 'delta', title: 'Change', align: 'end', cell: (one) => <span className="num">{one.delta || '–'}</span> },
          ]}
        />
      ) : (
        <span className="soft">
          {comparison ? 'No difference worth naming.' : 'No earlier run passed: choose one to hold this one against.'}
        </span>
      )}
    </Panel>
  );
}
