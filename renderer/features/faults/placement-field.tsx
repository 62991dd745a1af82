import { useMemo } from 'react';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import { Button, Segments } from '../../ui/index.ts';
import { canRaiseEjection, useMaxEjection } from '../service/use-max-ejection.ts';
import type { FaultForm } from './fault-form.ts';
import { type Reaction, reactionsOf } from './reactions.ts';
import { newestFirst } from './use-estimate.ts';

interface PartProps {
  form: FaultForm;
  change: (part: Partial<FaultForm>) => void;
}

const marks: Record<Reaction['will'], { glyph: string; word: string; tone: string }> = {
  yes: { glyph: '✔', word: 'reacts', tone: 'ok' },
  no: { glyph: '✖', word: 'will not react', tone: 'bad' },
  rarely: { glyph: '▲', word: 'hardly reacts', tone: 'warn' },
};

/** In whose sidecar the fault acts, and what of the caller's defences will meet it there. */
export function PlacementField({ form, change }: PartProps) {
  const isBytes = form.effect === 'toxics';
  const caller = useCaller(form);
  const explanation = useExplanation(form, caller);
  const reactions = reactionsOf(form, explanation.data);
  return (
    <div>
      <Segments
        label="Where it acts"
        value={form.side}
        options={[
          { value: 'server', label: 'Upstream: the callee’s sidecar' },
          { value: 'client', label: isBytes ? 'The caller’s sidecar' : 'The caller’s sidecar (Istio)' },
        ]}
        onChange={(side) => change({ side })}
      />
      <p className="soft fault-side">
        {placeWords(form)}
        {explanation.data && ` Where ${caller} calls ${form.to} now:`}
      </p>
      <ul
        className="fault-reacts"
        aria-label={`What reacts${caller === '' ? '' : ` when ${caller} calls`}`}
        data-testid="fault-reacts"
      >
        {reactions.map((reaction) => (
          <ReactionLine key={reaction.what} reaction={reaction} onChanged={explanation.reload} />
        ))}
      </ul>
    </div>
  );
}

function placeWords({ effect, side }: FaultForm): string {
  if (effect === 'toxics') {
    const where = side === 'server' ? 'the callee’s side of the wire' : 'connections the caller opens';
    return `Below HTTP, behind the router: ${where}, TLS taken off. Open connections end after the request in progress.`;
  }
  if (side === 'server') return 'Retries and ejection see an upstream that misbehaves. Drydock’s own: Istio has none.';
  return 'As Istio’s VirtualService fault: before the router, so nothing behind it reacts. Exports as Istio YAML.';
}

function ReactionLine({ reaction, onChanged }: { reaction: Reaction; onChanged: () => void }) {
  const raise = useMaxEjection();
  const { glyph, word, tone } = marks[reaction.will];
  const { inert } = reaction;
  return (
    <li>
      <span className={`tone-${tone} tone-text`}>
        <span aria-hidden="true">{glyph}</span> {reaction.what}
        <span className="visually-hidden"> {word}</span>:
      </span>{' '}
      <span className="soft">{reaction.why}</span>
      {inert && canRaiseEjection(inert) && (
        <Button
          size="small"
          title={`maxEjectionPercent: 100 in DestinationRule ${inert.policy?.name}, for every caller of ${inert.service}`}
          data-testid="fault-set-ejection"
          onClick={() => void raise(inert).then((done) => done && onChanged())}
        >
          Set 100 %
        </Button>
      )}
    </li>
  );
}

/** Whose defences are looked at: the caller that was chosen, else the one that called last; '' when nobody is known. */
function useCaller({ from, to }: FaultForm): string {
  const { exchanges: ring } = useEngine();
  return useMemo(() => {
    if (from !== '' || to === '') return from;
    let looked = 0;
    for (const { reporter, source, destination } of newestFirst(ring)) {
      if (++looked > 5000) break;
      if (reporter !== 'destination' && destination === to && source !== '') return source;
    }
    return 'ingress';
  }, [ring, from, to]);
}

/** How the caller's sidecar would treat a request that meets the fault. */
function useExplanation(form: FaultForm, caller: string) {
  const path = form.pathIs !== 'regex' && form.path.startsWith('/') ? form.path : '/';
  const method = /^[A-Z]+$/.test(form.method) ? form.method : 'GET';
  const asks = form.to !== '' && caller !== '' && (form.side === 'server' || form.effect === 'toxics');
  return useCall('explain', asks ? { body: { from: caller, to: form.to, method, path, headers: {} } } : null);
}
