import type { DelayDistribution, FaultSnapshot } from '../../snapshot.ts';

/** What a fault does, in words: `delay 500 ms, then answer 503`. */
export function describeEffect(fault: FaultSnapshot): string {
  const parts: string[] = [];
  if (fault.delay !== null) parts.push(`delay ${describeDelay(fault.delay)}`);
  if (fault.abort !== null) parts.push(describeAbort(fault.abort));
  const { response } = fault;
  if (response?.corruptPercent) parts.push(`corrupt ${response.corruptPercent}% of the response's bytes`);
  if (response && response.truncateAfterBytes !== null) parts.push(`cut the response after ${response.truncateAfterBytes} bytes`);
  if (response && response.bytesPerSecond !== null)
    parts.push(`slow the response to ${response.bytesPerSecond} bytes per second`);
  return parts.length === 0 ? 'nothing' : parts.join(', then ');
}

export function describeDelay(delay: DelayDistribution): string {
  switch (delay.kind) {
    case 'fixed':
      return `${delay.ms} ms`;
    case 'uniform':
      return `${delay.minMs} to ${delay.maxMs} ms`;
    case 'normal':
      return `around ${delay.meanMs} ms (standard deviation ${delay.stddevMs} ms)`;
    case 'pareto':
      return `at least ${delay.scaleMs} ms with a long tail (shape ${delay.shape})`;
  }
}

function describeAbort(abort: NonNullable<FaultSnapshot['abort']>): string {
  switch (abort.kind) {
    case 'http':
      return `answer ${abort.status}`;
    case 'grpc':
      return `answer grpc-status ${abort.status}`;
    case 'reset':
      return 'reset the connection';
    case 'hang':
      return 'never answer';
  }
}
