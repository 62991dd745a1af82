/*
 * Acknowledged means durable: an engine that records is killed (SIGKILL) two hundred times at random moments, each time started again on the same home;
 * every exchange that the API had shown before must be in the recording afterwards.
 */
import { inTemporaryFolder } from './lib/engine-process.ts';
import { judge, numberOption } from './lib/figures.ts';
import { killRounds } from './lib/kill-rounds.ts';

const rounds = numberOption('rounds', 200);
const requestsPerSecond = numberOption('rate', 400);

await inTemporaryFolder(async (home) => {
  const startedAt = performance.now();
  const onRound = (round: number, acknowledged: number, lost: number) => {
    if (round % 20 === 19 || lost > 0) console.log(`round ${round + 1}: ${acknowledged} acknowledged, ${lost} lost`);
  };
  const result = await killRounds({ home, rounds, requestsPerSecond, random: Math.random, onRound });
  console.log(
    `${rounds} kills in ${((performance.now() - startedAt) / 1000).toFixed(0)} s, ${result.acknowledged} exchanges acknowledged`,
  );
  judge('acknowledged exchanges lost', result.lost, '', (lost) => lost === 0, '0');
  judge('recordings that could not be read or miscount', result.broken, '', (broken) => broken === 0, '0');
  judge(
    'acknowledged exchanges a kill',
    result.acknowledged / rounds,
    '',
    (count) => count > 10,
    '> 10, else nothing was tested',
  );
});
