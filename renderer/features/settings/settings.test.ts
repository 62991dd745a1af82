import { expect, test } from 'vitest';
import { createPreferences, defaultPreferences } from '../../app/preferences.ts';
import type { Engine } from '../../engine/engine.ts';
import { gatherDiagnostics } from './diagnostics.ts';

test('exported diagnostics never carry the token or secrets', async () => {
  const answers: Record<string, unknown> = {
    getStatus: { name: 'shop', control: { url: 'http://127.0.0.1:1', token: 'hush-hush' } },
    listResources: {
      resources: [
        { kind: 'Secret', yaml: 'key: hush-too' },
        { kind: 'Mesh', yaml: 'kind: Mesh' },
      ],
    },
    getClusters: { clusters: [] },
    listEvents: { events: [] },
  };
  const call = (name: string) => Promise.resolve(answers[name]);
  const text = await gatherDiagnostics({ call: call as unknown as Engine['call'] });
  expect(text).toContain('"name": "shop"');
  expect(text).not.toContain('hush');
});

test('preferences outlive the page, and a reset brings the defaults', () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  createPreferences(storage).setState({ theme: 'light', motion: 'reduced', window: '1h' });
  const again = createPreferences(storage);
  expect(again.getState()).toMatchObject({ theme: 'light', motion: 'reduced', window: '1h' });
  again.setState(defaultPreferences);
  expect(createPreferences(storage).getState()).toEqual(defaultPreferences);
});
