import { expect, test } from 'vitest';
import { LineRing } from './line-ring.ts';

function ringOf(...lines: string[]): LineRing {
  const ring = new LineRing(() => 0);
  ring.add('drydock', 'starting: run');
  for (const line of lines) ring.add('stderr', line);
  return ring;
}

test.each([
  [
    'Node',
    ['  throw err;', '  ^', '', "Error: Cannot find module '/app.js'", '    at load (x:1:2)', '}', '', 'Node.js v24.1.0'],
    "Error: Cannot find module '/app.js'",
  ],
  ['Node with a code', ['TypeError [ERR_X]: no', '    at y'], 'TypeError [ERR_X]: no'],
  [
    'Python',
    ['Traceback (most recent call last):', '  File "a.py", line 1', 'ModuleNotFoundError: No module named x'],
    'ModuleNotFoundError: No module named x',
  ],
  [
    'Java',
    ['Exception in thread "main" java.lang.X', '\tat A.b(A.java:1)', 'Caused by: java.net.BindException: in use', '\tat C'],
    'Caused by: java.net.BindException: in use',
  ],
  ['Go', ['panic: nil map', '', 'goroutine 1 [running]:', 'exit status 2'], 'panic: nil map'],
  ['a program without an error', ['listening', 'bye', ''], 'bye'],
  ['a silent one', [], ''],
])('the last words of %s are its error, not what follows it', (_name, lines, said) => {
  expect(ringOf(...lines).lastWords()).toBe(said);
});

test('what an earlier start said is not repeated', () => {
  const ring = ringOf('Error: old');
  ring.add('drydock', 'starting: run');
  ring.add('stdout', 'new');
  expect(ring.lastWords()).toBe('new');
});
