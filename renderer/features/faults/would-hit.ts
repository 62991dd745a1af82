import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import type { FaultForm } from './fault-form.ts';

export const lookBackMs = 60_000;

/** What a fault would have done to the traffic that just passed. */
export interface Estimate {
  /** Requests to the service. */
  seen: number;
  /** Those that the fault's conditions meet. */
  met: number;
  /** Those that it would have acted on, by its percentage and count. */
  hit: number;
  /** How far back was looked: 60, or less where the list does not reach further back. */
  seconds: number;
  /** Header conditions are not known of requests that have passed: `hit` is the most it could be. */
  atMost: boolean;
}

/**
 * How many requests of the last minute the fault would have met, before it is armed. Counted once per call, as its caller saw it. `recent` is newest
 * first; `isWhole`: nothing of the last minute is missing at its end.
 */
export function wouldHit(recent: Iterable<Exchange>, isWhole: boolean, form: FaultForm, nowMs = Date.now()): Estimate {
  let [seen, met, oldestMs, reached] = [0, 0, nowMs, isWhole];
  for (const exchange of recent) {
    const timeMs = Date.parse(exchange.time);
    if (timeMs < nowMs - lookBackMs) {
      reached = true;
      break;
    }
    oldestMs = Math.min(oldestMs, timeMs);
    if (exchange.reporter === 'destination' || exchange.destination !== form.to) continue;
    seen++;
    if (meets(form, exchange)) met++;
  }
  const left = Math.max(0, met - form.skip);
  const limited = form.first === null ? left : Math.min(form.first, left);
  return {
    ...{ seen, met },
    hit: Math.round((limited * form.percentage) / 100),
    seconds: Math.round((reached ? lookBackMs : Math.max(1000, nowMs - oldestMs)) / 1000),
    atMost: form.effect === 'requests' && form.header.trim() !== '',
  };
}

/** The requests that were counted, as a filter of the requests list. */
export function filterOf(form: FaultForm): string {
  const terms = [`dest:${form.to}`];
  if (form.from !== '') terms.push(`src:${form.from}`);
  if (form.version !== '') terms.push(`version:${form.version}`);
  else if (form.workload !== '') terms[0] = `dest:${form.workload}`;
  if (form.effect === 'toxics') return terms.join(' ');
  if (/^[A-Za-z]+$/.test(form.method.trim())) terms.push(`method:${form.method.trim().toUpperCase()}`);
  const path = form.path.trim();
  if (path !== '' && form.pathIs !== 'regex') terms.push(`path:${/\s/.test(path) ? `"${path}"` : path}`);
  return terms.join(' ');
}

function meets(form: FaultForm, exchange: Exchange): boolean {
  const isOnWay =
    (form.from === '' || exchange.source === form.from) &&
    (form.version === '' || exchange.destinationVersion === form.version) &&
    (form.workload === '' || exchange.destinationWorkload === form.workload);
  // Toxics act on connections: they ask nothing of a request.
  if (!isOnWay || form.effect === 'toxics') return isOnWay;
  return meetsMethod(form.method.trim(), exchange.method) && meetsPath(form, exchange.path) && meetsQuery(form, exchange.path);
}

const meetsMethod = (wanted: string, method: string): boolean => wanted === '' || meetsText(wanted, method);

/** By the path as a VirtualService matches it, without the query; an expression that is not one yet meets nothing. */
function meetsPath({ pathIs, path }: FaultForm, whole: string): boolean {
  const [asked = ''] = whole.split('?');
  const text = path.trim();
  if (text === '') return true;
  if (pathIs === 'exact') return asked === text;
  if (pathIs === 'prefix') return asked.startsWith(text);
  return meetsText(`~${text}`, asked);
}

/** Every `name=value` of the form, several by `;`. */
function meetsQuery({ query }: FaultForm, whole: string): boolean {
  const given = new URLSearchParams(whole.split('?')[1] ?? '');
  return query
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .every((one) => {
      const [name = '', ...value] = one.split('=');
      return given.getAll(name.trim()).some((found) => meetsText(value.join('=').trim(), found));
    });
}

/** As the form writes it: `abc*` begins with, `~abc` is a regular expression. */
function meetsText(wanted: string, text: string): boolean {
  if (wanted.length > 1 && wanted.endsWith('*') && !wanted.startsWith('~')) return text.startsWith(wanted.slice(0, -1));
  if (!wanted.startsWith('~')) return text === wanted;
  try {
    return new RegExp(`^(?:${wanted.slice(1)})$`).test(text);
  } catch {
    return false;
  }
}
