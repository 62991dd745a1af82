import { expect, test } from 'vitest';
import { parseText } from '../parse.ts';
import { ResourceSet } from '../resource-set.ts';
import { validate } from '../validate.ts';
import { caCertificateOf, keyPairOf, withoutSecrets } from './kubernetes-core.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const read = (document: object) => parseText(JSON.stringify({ apiVersion: 'v1', ...document }), 'x.yaml').documents[0]!;
const configMap = (data: object) => read({ kind: 'ConfigMap', metadata: { name: 'c' }, data });
const secret = (more: object) => read({ kind: 'Secret', metadata: { name: 's' }, ...more });

test('the CA of a ConfigMap', () => {
  expect(caCertificateOf(configMap({ 'ca.crt': 'pem' }))).toBe('pem');
  expect(caCertificateOf(configMap({ other: 'pem' }))).toBeNull();
  expect(caCertificateOf(read({ kind: 'ConfigMap', metadata: { name: 'c' } }))).toBeNull();
});

test('certificate and key of a Secret: base64 in data, plain in stringData, which wins', () => {
  const pair = { certificatePem: 'crt', privateKeyPem: 'key' };
  expect(keyPairOf(secret({ data: { 'tls.crt': base64('crt'), 'tls.key': base64('key') } }))).toEqual(pair);
  expect(keyPairOf(secret({ stringData: { cert: 'crt', key: 'key' } }))).toEqual(pair);
  expect(
    keyPairOf(secret({ data: { 'tls.crt': base64('old'), 'tls.key': base64('key') }, stringData: { 'tls.crt': 'crt' } })),
  ).toEqual(pair);
  expect(keyPairOf(secret({ data: { 'tls.crt': base64('crt') } }))).toBeNull();
});

test('what else of them lies in the folder is ignored with a note, as Deployments are', async () => {
  const documents = [configMap({ 'app.conf': 'x' }), secret({ data: { password: base64('x') } }), configMap({ 'ca.crt': 'pem' })];
  const names = ['a', 'b', 'c'];
  const named = documents.map((one, i) => ({ ...one, name: names[i]! }));
  const found = await validate(ResourceSet.empty.replaceFiles(named, { now: 0 }).set);
  expect(found.map(({ code, severity, resource }) => [code, severity, resource])).toEqual([
    ['DD1009', 'info', 'ConfigMap/default/a'],
    ['DD1009', 'info', 'Secret/default/b'],
  ]);
});

test('a Secret is shown by the names of its values alone', () => {
  const shown = withoutSecrets(
    secret({
      metadata: {
        name: 's',
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'hidden-1' },
        labels: { app: 'shop' },
      },
      type: 'kubernetes.io/tls',
      data: { 'tls.key': 'hidden-2' },
      stringData: { more: 'hidden-3' },
    }),
  );
  expect(JSON.stringify(shown)).not.toMatch(/hidden-\d/);
  expect(shown.yaml).toContain('tls.key: (hidden)');
  expect(shown.metadata).toMatchObject({ name: 's', labels: { app: 'shop' } });
  const other = configMap({ 'ca.crt': 'pem' });
  expect(withoutSecrets(other)).toBe(other);
});
