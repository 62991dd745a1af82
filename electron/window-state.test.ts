import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMemory, visibleBounds, writeMemory } from './window-state.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'drydock-window-'));
const file = path.join(folder, 'deep', 'window.json');
const screen = { x: 0, y: 0, width: 1920, height: 1080 };

describe('what the shell remembers', () => {
  it('comes back as it was written', () => {
    const memory = { bounds: { x: 5, y: 6, width: 1000, height: 700 }, maximized: true, recentMeshes: [['/a.yaml']] };
    writeMemory(file, memory);
    expect(readMemory(file)).toEqual(memory);
  });

  it('is repaired when damaged, never an error', () => {
    expect(readMemory(path.join(folder, 'none.json'))).toEqual({});
    writeFileSync(file, '{"bounds":{"x":"1"},"recentMeshes":[["relative.yaml"],[],7,["/ok.yaml"]]}');
    expect(readMemory(file)).toEqual({ bounds: undefined, maximized: false, recentMeshes: [['/ok.yaml']] });
    writeFileSync(file, 'half a fi');
    expect(readMemory(file)).toEqual({});
  });

  it('puts a window back only where a screen still is', () => {
    const bounds = { x: 100, y: 100, width: 1000, height: 700 };
    expect(visibleBounds(bounds, [screen])).toEqual(bounds);
    expect(visibleBounds({ ...bounds, x: 3000 }, [screen])).toBeUndefined();
    expect(visibleBounds({ ...bounds, y: -600 }, [screen])).toBeUndefined();
  });
});
