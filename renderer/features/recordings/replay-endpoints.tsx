import { CircleAlert, CircleCheck, CircleHelp, EqualNot, type LucideIcon } from 'lucide-react';
import type { EndpointResult, FieldVerdict, LatencyTest } from '../../../proxy/api/replay.schema.ts';
import { Badge, formatCount, formatMs, type Tone } from '../../ui/index.ts';

const verdicts: Record<EndpointResult['verdict'], { tone: Tone; icon: LucideIcon }> = {
  same: { tone: 'ok', icon: CircleCheck },
  different: { tone: 'warn', icon: EqualNot },
  failed: { tone: 'bad', icon: CircleAlert },
  unproven: { tone: 'info', icon: CircleHelp },
};

/** A line per endpoint; choosing one shows its differences only. */
export function ReplayEndpoints({
  endpoints,
  noise,
  chosen,
  onChoose,
}: {
  endpoints: readonly EndpointResult[];
  noise: boolean;
  chosen: string | null;
  onChoose: (endpoint: string | null) => void;
}) {
  return (
    <div className="rpl-panel">
      <table className="dd-table rpl-endpoints" aria-label="Endpoints">
        <thead>
          <tr>
            <th scope="col">Endpoint</th>
            <th scope="col">Verdict</th>
            <th scope="col" data-align="end">
              Calls
            </th>
            <th scope="col" data-align="end">
              Different
            </th>
            <th scope="col">Differs in</th>
            <th scope="col" data-align="end">
              p50 then → now
            </th>
            <th scope="col">Latency</th>
          </tr>
        </thead>
        <tbody>
          {endpoints.map((one) => (
            <tr key={`${one.endpoint} ${one.destination}`} aria-selected={one.endpoint === chosen} data-testid="replay-endpoint">
              <td>
                <button
                  type="button"
                  className="rpl-endpoint mono"
                  aria-pressed={one.endpoint === chosen}
                  onClick={() => onChoose(one.endpoint === chosen ? null : one.endpoint)}
                >
                  {one.endpoint}
                </button>
                <div className="soft">{one.destination}</div>
              </td>
              <td>
                <VerdictBadge verdict={one.verdict} />
              </td>
              <td data-align="end">{formatCount(one.calls)}</td>
              <td data-align="end">{formatCount(one.different)}</td>
              <td>
                <Fields fields={one.fields} noise={noise} />
              </td>
              <td data-align="end" className="num">
                {one.latency === null ? '–' : `${formatMs(one.latency.recorded.p50)} → ${formatMs(one.latency.replayed.p50)}`}
              </td>
              <td>{one.latency === null ? '–' : <LatencyVerdict test={one.latency} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function VerdictBadge({ verdict }: { verdict: EndpointResult['verdict'] }) {
  const { tone, icon: Icon } = verdicts[verdict];
  return (
    <Badge tone={tone} icon={<Icon size={12} aria-hidden="true" />}>
      {verdict}
    </Badge>
  );
}

const shownFields = 3;

function Fields({ fields, noise }: { fields: readonly FieldVerdict[]; noise: boolean }) {
  if (fields.length === 0) return <span className="soft">–</span>;
  return (
    <div className="rpl-field-list">
      {fields.slice(0, shownFields).map((field) => (
        <div key={field.path} className={field.verdict === 'noise' ? 'soft' : ''} title={fieldWords(field)}>
          <span className="mono">{field.path}</span>{' '}
          <span className="soft num">
            {field.raw} ×{noise && `, ${field.noise} by itself`}
            {noise && field.verdict !== 'different' && `: ${field.verdict}`}
          </span>
        </div>
      ))}
      {fields.length > shownFields && <div className="soft">and {fields.length - shownFields} more</div>}
    </div>
  );
}

function fieldWords({ path, raw, noise, total, verdict, p }: FieldVerdict): string {
  const chance = p === null ? '' : `; Fisher’s exact test: p = ${p.toFixed(3)}`;
  return `${path} differed in ${raw} of ${total} calls, and in ${noise} between two sendings of the same: ${verdict}${chance}`;
}

const latencyTones: Record<LatencyTest['verdict'], Tone> = { same: 'neutral', faster: 'ok', slower: 'warn', unproven: 'neutral' };
const latencyGlyphs: Record<LatencyTest['verdict'], string> = { same: '=', faster: '↓', slower: '↑', unproven: '?' };

export function LatencyVerdict({ test }: { test: LatencyTest }) {
  const chance =
    test.p === null ? 'too few calls to tell' : `Mann–Whitney p ${test.p < 0.001 ? '< 0.001' : `= ${test.p.toFixed(3)}`}`;
  return (
    <Badge tone={latencyTones[test.verdict]} title={`${chance}, Cliff’s delta ${test.effect.toFixed(2)}`}>
      {latencyGlyphs[test.verdict]} {test.verdict}
    </Badge>
  );
}
