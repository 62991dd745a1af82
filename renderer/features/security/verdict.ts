import type { Explanation } from '../../../proxy/api/explain.schema.ts';
import type { Tone } from '../../ui/index.ts';

export interface Verdict {
  word: 'ALLOW' | 'DENY' | 'NOT SENT';
  tone: Tone;
  glyph: string;
  text: string;
}

/** `AuthorizationPolicy default/pay-deny, rule 2` */
export function namePolicy({ kind, namespace, name, path }: Explanation['policies'][number]['resource']): string {
  const rule = /rules\[(\d+)\]/.exec(path ?? '')?.[1];
  return `${kind} ${namespace}/${name}${rule === undefined ? '' : `, rule ${Number(rule) + 1}`}`;
}

/** Rules are counted from 1, as people count: `rules[0]: path …` → `rule 1: path …`. */
export const reasonWords = (reason: string): string =>
  reason.replace(/rules\[(\d+)\]/g, (_, at: string) => `rule ${Number(at) + 1}`);

const notSent: Partial<Record<Explanation['outcome'], string>> = {
  'no-route': 'no route matches this request, so no policy is asked (404)',
  blocked: 'the mesh does not know this host and lets nothing out (REGISTRY_ONLY)',
  'cluster-not-found': 'its route leads to a destination that does not exist',
  redirect: 'it is redirected before any policy of the destination is asked',
  'direct-response': 'the route answers itself; the destination is never asked',
};

/** May this call be made? From the policies the engine asked, in its order. */
export function describeVerdict(explanation: Pick<Explanation, 'policies' | 'outcome'>): Verdict {
  const { policies, outcome } = explanation;
  const denied = policies.find((policy) => policy.outcome === 'denied');
  if (denied)
    return { word: 'DENY', tone: 'bad', glyph: '✖', text: `by ${namePolicy(denied.resource)}: ${reasonWords(denied.reason)}` };
  const reason = notSent[outcome];
  if (reason) return { word: 'NOT SENT', tone: 'warn', glyph: '▲', text: reason };
  const allowed = policies.find(({ outcome: said, resource }) => said === 'allowed' && resource.kind === 'AuthorizationPolicy');
  if (allowed)
    return { word: 'ALLOW', tone: 'ok', glyph: '✓', text: `by ${namePolicy(allowed.resource)}: ${reasonWords(allowed.reason)}` };
  return { word: 'ALLOW', tone: 'ok', glyph: '✓', text: 'no policy objects' };
}
