import { expect, test } from 'vitest';
import { kindNamed, noSuchKind } from './kind-names.ts';
import { kinds } from './registry.ts';

test('a kind is named in any case, in the plural, or as kubectl does', () => {
  for (const { kind } of kinds) expect(kindNamed(kind.toLowerCase())).toBe(kind);
  const words = ['vs', 'DR', 'virtualservices', 'AuthorizationPolicies', 'meshes', 'httproutes', 'se'];
  expect(words.map(kindNamed)).toEqual([
    ...['VirtualService', 'DestinationRule', 'VirtualService', 'AuthorizationPolicy', 'Mesh', 'HTTPRoute', 'ServiceEntry'],
  ]);
});

test('one that nobody knows is told so, with what was probably meant', () => {
  expect(kindNamed('VirtualServce')).toBeNull();
  expect(noSuchKind('VirtualServce')).toBe('There is no kind VirtualServce; did you mean VirtualService?');
  expect(noSuchKind('Deployment')).toBe('There is no kind Deployment');
});
