import type { StandInNote } from '../../../proxy/api/exchange.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { Badge, Facts } from '../../ui/index.ts';
import { describeStandIn } from './stand-in-words.ts';

/** What a simulation did with the request: the answer it found and how, or what came nearest. */
export function StandInSection({ note }: { note: StandInNote }) {
  const { answeredBy, outcome, nearest, differs = [] } = note;
  const fields = nearest?.differs ?? differs;
  const isExchange = outcome === 'exact' || outcome === 'masked' || outcome === 'template';
  return (
    <section aria-label="Stand-in" data-testid="stand-in">
      <h3>Stand-in</h3>
      <p>
        <Badge tone={outcome === 'miss' ? 'warn' : outcome === 'forwarded' ? 'neutral' : 'ok'}>{outcome}</Badge>{' '}
        {describeStandIn(note)}
      </p>
      <Facts
        rows={[
          [
            'Simulation',
            <span key="simulation" className="mono">
              {note.simulation}
            </span>,
          ],
          [
            'Recording',
            <a key="recording" href={hrefTo('recordings')}>
              {note.recording}
            </a>,
          ],
          [
            'Answered by',
            answeredBy &&
              (isExchange && !answeredBy.startsWith('learned-') ? (
                <a className="mono" href={hrefTo('requests', { id: answeredBy })}>
                  {answeredBy}
                </a>
              ) : (
                <span className="mono">{answeredBy}</span>
              )),
          ],
          ['Nearest', nearest && <span className="mono">{`${nearest.path} (${nearest.exchangeId})`}</span>],
        ]}
      />
      {fields.length > 0 && (
        <ul className="request-notes" aria-label="What differs">
          {fields.map((difference) => (
            <li key={difference}>{difference}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
