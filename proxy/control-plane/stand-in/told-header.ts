import type { StandInNote } from '../../api/exchange.schema.ts';
import { decodePercents } from '../../shared/percent-decoding.ts';

/** The header that says of an answer where it comes from: `exact; recording=monday; exchange=01J…; simulation=sim-1; call=7`. */
export const toldHeader = 'x-drydock-simulated';

export interface Told {
  outcome: Exclude<StandInNote['outcome'], 'forwarded'>;
  recording: string;
  /** Exchange or stub; of a miss its number. */
  answeredBy: string;
  simulation: string;
  /** Its number among the simulation's calls, where there is more to say than the header holds. */
  call?: number;
}

export function writeTold({ outcome, recording, answeredBy, simulation, call }: Told): [string, string] {
  const what = outcome === 'stub' ? 'stub' : outcome === 'miss' ? 'miss' : 'exchange';
  const number = call === undefined ? '' : `; call=${call}`;
  return [
    toldHeader,
    `${outcome}; recording=${escapeText(recording)}; ${what}=${escapeText(answeredBy)}; simulation=${simulation}${number}`,
  ];
}

const pattern =
  /^(stub|exact|masked|template|miss); recording=([^;]*); (?:stub|exchange|miss)=([^;]*); simulation=([\w-]+)(?:; call=(\d+))?$/;

/** Null when it is none of ours. */
export function readTold(value: string): Told | null {
  const [, outcome, recording, answeredBy, simulation, call] = pattern.exec(value) ?? [];
  if (outcome === undefined) return null;
  return {
    outcome: outcome as Told['outcome'],
    recording: decodePercents(recording!),
    answeredBy: decodePercents(answeredBy!),
    simulation: simulation!,
    ...(call === undefined ? {} : { call: Number(call) }),
  };
}

const escapeText = (text: string): string =>
  text.replace(/[^ -~]|[;%]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );
