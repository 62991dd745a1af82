import { describe, expect, test } from 'vitest';
import { countWords, newSettings, paceOf, paces, splitSession, withPace } from './stand-in-words.ts';

describe('the settings of a stand-in', () => {
  test('have one choice for recorded time, whatever its scale', () => {
    expect(paceOf(newSettings)).toBe('off');
    expect(withPace('0.5')).toEqual({ latency: true, latencyScale: 0.5 });
    expect(withPace('off')).toEqual({ latency: false });
    const odd = { ...newSettings, latency: true, latencyScale: 0.3 };
    expect(paces(odd).find(({ value }) => value === paceOf(odd))?.label).toBe('3.3× faster');
    expect(paces(newSettings).map(({ label }) => label)).toEqual([
      ...['At once', '10× faster', '4× faster', '2× faster', 'As recorded', '2× slower', '5× slower', '10× slower'],
    ]);
  });

  test('take a session apart', () => {
    expect(splitSession('header:x-user')).toEqual({ kind: 'header', name: 'x-user' });
    expect(splitSession('trace')).toEqual({ kind: 'trace', name: '' });
  });
});

test('counts say only what happened', () => {
  const hits = { stub: 0, exact: 12, masked: 0, template: 3 };
  expect(countWords({ hits, misses: 1, forwarded: 0 })).toBe('12 exact, 3 by template, 1 missed');
  expect(countWords({ hits: { stub: 0, exact: 0, masked: 0, template: 0 }, misses: 0, forwarded: 0 })).toBe('nothing asked yet');
});
