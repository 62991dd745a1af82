import type { Explanation } from '../../../proxy/api/explain.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { Badge, Notice, Panel, type Tone } from '../../ui/index.ts';
import { describeVerdict, namePolicy, reasonWords } from './verdict.ts';

const outcomes: Record<string, { tone: Tone; glyph: string }> = {
  denied: { tone: 'bad', glyph: '✖' },
  allowed: { tone: 'ok', glyph: '✓' },
  'not-matched': { tone: 'neutral', glyph: '–' },
};

/** What the engine says of a call: the verdict, who was asked, and what else would act on it. */
export function VerdictPanel({ answer }: { answer: Explanation }) {
  const verdict = describeVerdict(answer);
  const { method, path, from, to } = answer.request;
  return (
    <Panel title="Verdict" hint={`${method} ${path} from ${from} to ${to}`}>
      <div className="col security-answer" role="status" data-testid="verdict">
        <p className="security-verdict">
          <b className={`tone-${verdict.tone} tone-text`}>
            {verdict.glyph} {verdict.word}
          </b>{' '}
          {verdict.text}
        </p>
        <p className="soft">{answer.summary}</p>
        {answer.policies.length > 0 && (
          <ul className="security-asked" aria-label="Policies asked">
            {answer.policies.map(({ resource, outcome, reason }) => {
              const look = outcomes[outcome] ?? { tone: 'info' as const, glyph: 'ℹ' };
              return (
                <li key={`${namePolicy(resource)} ${outcome} ${reason}`}>
                  <Badge tone={look.tone}>
                    {look.glyph} {outcome.replace('-', ' ')}
                  </Badge>
                  <a href={hrefTo('config', { object: `${resource.kind}/${resource.namespace}/${resource.name}` })}>
                    {namePolicy(resource)}
                  </a>
                  <span className="soft">{reasonWords(reason)}</span>
                </li>
              );
            })}
          </ul>
        )}
        {(answer.standIns ?? [])
          .filter(({ enabled }) => enabled)
          .map(({ simulation, recording, service, from: only }) => (
            <Notice key={simulation} tone="info">
              {recording} would answer for {service}, not its process ({simulation}
              {only === '' ? '' : `, only for ${only}`}).
            </Notice>
          ))}
        {answer.faults.length > 0 && (
          <Notice tone="info">
            Faults would act too:{' '}
            {answer.faults.map(({ name, effect, percentage }) => `${name} (${effect}, ${percentage} %)`).join(', ')}.
          </Notice>
        )}
      </div>
    </Panel>
  );
}
