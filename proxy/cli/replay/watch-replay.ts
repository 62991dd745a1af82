import type { Replay } from '../../api/replay.schema.ts';
import type { EngineClient } from '../client.ts';
import type { Output } from '../output.ts';

const pollMs = 150;
const barWidth = 30;

/**
 * Follows a replay to its end. In a terminal with a line that is drawn again: p pauses and goes on, q or Ctrl-C cancels. Elsewhere Ctrl-C cancels.
 */
export async function watchReplay(client: EngineClient, started: Replay, out: Output): Promise<Replay> {
  const { id } = started;
  let replay = started;
  const params = { id };
  const cancel = () => void client.call('cancelReplay', { params, body: {} });
  const turn = () => void client.call(replay.paused ? 'resumeReplay' : 'pauseReplay', { params, body: {} });
  const isLive = out.isTerminal && process.stdin.isTTY === true;
  const stopKeys = isLive ? listenToKeys({ p: turn, ' ': turn, q: cancel, '\u0003': cancel }) : () => {};
  process.on('SIGINT', cancel);
  try {
    while (replay.state === 'running') {
      if (out.isTerminal) draw(out, replay);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
      replay = await client.call('getReplay', { params });
    }
  } finally {
    process.off('SIGINT', cancel);
    stopKeys();
    if (out.isTerminal) process.stdout.write('\r\x1b[2K');
  }
  return replay;
}

function draw(out: Output, replay: Replay): void {
  const { sent, total, same, different, failed, paused, evaluating, inFlight, surveying } = replay;
  if (surveying) {
    process.stdout.write(`\r\x1b[2K${out.style('dim', `looking through the recording, ${share(surveying)}`)}`);
    return;
  }
  const done = Math.round((total === 0 ? 1 : sent / total) * barWidth);
  const bar = '━'.repeat(done) + out.style('dim', '─'.repeat(barWidth - done));
  const what = evaluating ? 'comparing' : paused ? 'paused, p goes on' : `${inFlight ?? 0} under way, p pauses, q cancels`;
  const counts = `${bar} ${sent}/${total}  ✓ ${same}  ≠ ${different}  ✖ ${failed}`;
  process.stdout.write(`\r\x1b[2K${counts}  ${worstEndpoint(replay)}${out.style('dim', what)}`);
}

const share = ({ read, of }: { read: number; of: number }): string => `${of === 0 ? 100 : Math.round((read / of) * 100)} %`;

/** The worst endpoint by now, when there is one that is not as it was. */
function worstEndpoint({ endpoints = [] }: Replay): string {
  const worst = (['failed', 'different'] as const)
    .map((verdict) => endpoints.find((endpoint) => endpoint.verdict === verdict))
    .find((endpoint) => endpoint !== undefined);
  return worst === undefined ? '' : `${worst.endpoint} ${worst.verdict}  `;
}

function listenToKeys(keys: Record<string, () => void>): () => void {
  const { stdin } = process;
  const onKey = (key: Buffer) => keys[key.toString()]?.();
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on('data', onKey);
  return () => {
    stdin.off('data', onKey);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
