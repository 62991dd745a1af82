import { hrefTo } from '../../app/router.ts';
import { formatCount } from '../../ui/index.ts';
import type { FaultForm } from './fault-form.ts';
import { useEstimate } from './use-estimate.ts';
import { filterOf } from './would-hit.ts';

/** What is about to be hit, before it is; the numbers lead to the requests they count. */
export function EstimateLine({ form }: { form: FaultForm }) {
  const estimate = useEstimate(form);
  if (estimate === null) return 'Choose a service: here stands what it would have hit.';
  const { seen, met, hit, seconds, atMost } = estimate;
  const all = (
    <a className="num" href={hrefTo('requests', { filter: `dest:${form.to}` })}>
      {formatCount(seen)}
    </a>
  );
  const some = (count: number) => (
    <a className="num" href={hrefTo('requests', { filter: filterOf(form) })}>
      {formatCount(count)}
    </a>
  );
  if (form.effect === 'toxics')
    return (
      <>
        Last {seconds} s: {some(met)} of {all} requests to {form.to} used connections it would disturb
      </>
    );
  return (
    <>
      Last {seconds} s: would have hit {atMost ? 'at most ' : form.percentage < 100 ? 'about ' : ''}
      {some(hit)} of {all} requests{atMost && ' (headers of past requests are not looked at)'}
    </>
  );
}
