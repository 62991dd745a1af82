import { describe, expect, test } from 'vitest';
import { checkForm, emptyForm, environmentLines, type RegisterForm, toRequest } from './register-form.ts';

const good: RegisterForm = { name: 'orders', port: '9080', protocol: 'http', version: 'v1', address: '127.0.0.1:3001' };
const mesh = {
  services: [{ name: 'cart', namespace: 'default', serviceAccount: 'cart', ports: [], workloads: [] }],
  workloads: [
    {
      id: 'cart-v1-0',
      service: 'cart',
      namespace: 'default',
      version: 'v1',
      app: '127.0.0.1:9120',
      inbound: '127.0.0.1:41001',
      outbound: 'http://127.0.0.1:41002',
      upstreams: {},
      spiffeId: '',
    },
  ],
};

describe('the registration form', () => {
  test('accepts what the engine accepts, with or without a version', () => {
    expect(checkForm(good, mesh)).toEqual({});
    expect(checkForm({ ...good, version: '', address: '[::1]:3001' }, null)).toEqual({});
    expect(toRequest({ ...good, version: ' ', name: ' orders ' })).toEqual({
      name: 'orders',
      port: 9080,
      protocol: 'http',
      address: '127.0.0.1:3001',
    });
  });

  test('asks for everything that is missing', () => {
    expect(Object.keys(checkForm(emptyForm, null))).toEqual(['name', 'port', 'address']);
  });

  test.each([
    ['name', 'My Orders', 'Lower case only: my-orders.'],
    ['name', 'my_orders', 'No spaces, dots or underscores: my-orders.'],
    ['name', '-orders', 'Letters, digits and dashes; a dash neither first nor last.'],
    ['name', 'cart', 'The mesh already has a service cart.'],
    ['port', '90 80', 'A port is a number.'],
    ['port', '70000', 'A port is between 1 and 65535.'],
    ['address', '3001', 'With a host: 127.0.0.1:3001.'],
    ['address', 'http://127.0.0.1:3001/x', 'Without the scheme: 127.0.0.1:3001.'],
    ['address', '127.0.0.1', 'An address is host:port, e.g. 127.0.0.1:9081.'],
    ['address', '127.0.0.1:41001', 'That is the sidecar of cart-v1-0; its process listens on 127.0.0.1:9120.'],
    ['version', 'v 1', 'A version is a label such as v1: letters, digits, dashes, dots and underscores, at most 63.'],
  ] as const)('%s “%s” gets an answer to act on', (field, value, message) => {
    expect(checkForm({ ...good, [field]: value }, mesh)[field]).toBe(message);
  });

  test('the environment sends the app’s calls to its own sidecar', () => {
    expect(environmentLines({ outbound: 'http://127.0.0.1:41002' }).split('\n')).toContain('HTTP_PROXY=http://127.0.0.1:41002');
  });
});
