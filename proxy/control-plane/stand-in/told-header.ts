import type { StandInNote } from '../../api/exchange.schema.ts';

/** The header that says of an answer where it comes from: `exact; recording=monday; exchange=01J…; simulation=sim-1`. */
export const toldHeader = 'x-drydock-simulated';

export interface Told {
  outcome: Exclude<StandInNote['outcome'], 'forwarded'>;
  recording: string;
  /** Exchange or stub; of a miss its number. */
  answeredBy: string;
  simulation: string;
}

export function writeTold({ outcome, recording, answeredBy, simulation }: Told): [string, string] {
  const what = outcome === 'stub' ? 'stub' : outcome === 'miss' ? 'miss' : 'exchange';
  return [
    toldHeader,
    `${outcome}; recording=${escapeText(recording)}; ${what}=${escapeText(answeredBy)}; simulation=${simulation}`,
  ];
}

/** Null when it is none of ours. */
export function readTold(value: string): Told | null {
  const [, outcome, recording, answeredBy, simulation] =
    /^(stub|exact|masked|template|miss); recording=([^;]*); (?:stub|exchange|miss)=([^;]*); simulation=([\w-]+)$/.exec(value) ??
    [];
  if (outcome === undefined) return null;
  return {
    outcome: outcome as Told['outcome'],
    recording: unescapeText(recording!),
    answeredBy: unescapeText(answeredBy!),
    simulation: simulation!,
  };
}

const escapeText = (text: string): string =>
  text.replace(/[^ -~]|[;%]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );

function unescapeText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not written by us: as it stands
  }
}
