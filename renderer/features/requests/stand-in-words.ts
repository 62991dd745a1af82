import type { StandInNote } from '../../../proxy/api/exchange.schema.ts';

const found: Readonly<Record<Exclude<StandInNote['outcome'], 'miss' | 'forwarded'>, string>> = {
  stub: 'an imported stub whose conditions the request fulfils.',
  exact: 'a recorded call that is the same byte for byte.',
  masked: 'a recorded call that is the same but for ids, times and secrets.',
  template: 'a recorded call with the same method and path template; query and body may differ.',
};

/** One sentence: who answered, and by which resemblance. */
export function describeStandIn({ outcome, recording }: StandInNote): string {
  if (outcome === 'miss') return `${recording} stands in for the service and has no answer to this; the service was not asked.`;
  if (outcome === 'forwarded') return `${recording} stands in for the service and left this call to the service itself.`;
  return `Answered from ${recording}, not by the service: ${found[outcome]}`;
}
