import { expect, test } from 'vitest';
import { describeStandIn } from './stand-in-words.ts';

test('an answer from a recording is told as one, a miss and a forwarded call as what they are', () => {
  const note = { simulation: 'sim-1', recording: 'monday', answeredBy: '', nearest: null };
  expect(describeStandIn({ ...note, outcome: 'masked' })).toMatch(/^Answered from monday, not by the service: .*ids/);
  expect(describeStandIn({ ...note, outcome: 'miss' })).toContain('the service was not asked');
  expect(describeStandIn({ ...note, outcome: 'forwarded' })).toContain('left this call to the service itself');
});
