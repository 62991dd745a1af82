// @ts-expect-error the renderer has no Node types on purpose; this test runs in Node.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const tokens: string = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

function readTheme(name: string): Record<string, string> {
  const block = tokens.slice(tokens.indexOf(`data-theme="${name}"`)).split('}')[0] ?? '';
  return Object.fromEntries([...block.matchAll(/--([a-z0-9-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1], match[2]]));
}

/** WCAG 2.2 contrast ratio. */
function contrast(one: string, other: string): number {
  const luminance = (color: string) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

describe.each(['dark', 'light'])('the %s theme', (name) => {
  const theme = readTheme(name);
  const color = (token: string) => theme[token] ?? '#777777';
  const surfaces = ['bg', 'surface-1', 'surface-2', 'surface-3', 'selected'];

  test.each(['text', 'text-2', 'text-3', 'accent', 'ok', 'warn', 'bad', 'info', 'fault'])(
    '%s reads on every surface (4.5:1)',
    (token) => {
      for (const surface of surfaces) expect(contrast(color(token), color(surface)), surface).toBeGreaterThanOrEqual(4.5);
    },
  );

  test.each(['accent', 'ok', 'warn', 'bad', 'info', 'fault'])('%s reads on its own soft ground (4.5:1)', (token) => {
    expect(contrast(color(token), color(`${token}-soft`))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(color('text'), color(`${token}-soft`))).toBeGreaterThanOrEqual(4.5);
  });

  test('buttons read, control strokes and focus stand out (3:1)', () => {
    expect(contrast(color('on-accent'), color('accent-fill'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(color('on-accent'), color('accent-fill-hover'))).toBeGreaterThanOrEqual(4.5);
    for (const surface of surfaces) {
      expect(contrast(color('stroke'), color(surface)), `stroke on ${surface}`).toBeGreaterThanOrEqual(3);
      expect(contrast(color('focus'), color(surface)), `focus on ${surface}`).toBeGreaterThanOrEqual(3);
    }
  });

  test.each([1, 2, 3, 4, 5, 6])('line %s of a chart stands out on whatever a chart lies on (3:1)', (series) => {
    for (const surface of ['bg', 'surface-1', 'surface-2'])
      expect(contrast(color(`series-${series}`), color(surface)), surface).toBeGreaterThanOrEqual(3);
  });
});
