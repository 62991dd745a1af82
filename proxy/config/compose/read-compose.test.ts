import { describe, expect, test } from 'vitest';
import { readCompose } from './read-compose.ts';

const compose = `
x-common: &common
  restart: always
services:
  web_front:
    <<: *common
    image: web
    ports: ["8080:80", "127.0.0.1:8443:443"]
    labels: ["version=v2", "traefik.enable=true"]
  orders:
    ports: [{ target: 9000, published: "\${ORDERS_PORT:-9001}", app_protocol: grpc }]
    labels: { version: v1 }
  db:
    image: postgres
    ports: ["5432:5432"]
  worker:
    image: worker
  metrics:
    ports: ["8125:8125/udp"]
  anywhere:
    ports: [8081, "\${PORT}:80"]
  debug:
    profiles: [tools]
    ports: ["9999:9999"]
  lan:
    ports: ["192.168.1.5:80:80"]
  local:
    network_mode: host
  v6:
    ports: ["[::1]:7000:70", "7100-7102:71"]
    deploy: { replicas: 3 }
`;

describe('a compose file', () => {
  const { services, left, problem } = readCompose(compose);
  const of = (name: string) => services.find((service) => service.name === name);

  test('gives each service that publishes a port a place in the mesh', () => {
    expect(problem).toBe('');
    expect(services.map(({ name }) => name)).toEqual(['web-front', 'orders', 'db', 'v6']);
    expect(of('web-front')).toMatchObject({
      namedInFile: 'web_front',
      version: 'v2',
      ports: [
        { port: 80, protocol: 'http', address: '127.0.0.1:8080' },
        { port: 443, protocol: 'http', address: '127.0.0.1:8443' },
      ],
    });
    expect(of('orders')).toMatchObject({ version: 'v1', ports: [{ port: 9000, protocol: 'grpc', address: '127.0.0.1:9001' }] });
    expect(of('v6')?.ports.map(({ address }) => address)).toEqual(['[::1]:7000', '127.0.0.1:7100']);
  });

  test('says how a protocol was guessed, and what stands for several containers', () => {
    expect(of('db')).toMatchObject({ ports: [{ protocol: 'tcp' }], notes: ['tcp, because 5432 is the port of PostgreSQL.'] });
    expect(of('v6')?.notes).toEqual(['Of its 3 containers the one behind the first published port.']);
  });

  test.each([
    ['worker', /publishes no port/],
    ['metrics', /8125:8125\/udp is UDP/],
    ['anywhere', /port 8081 is published on a port that changes.*\$\{PORT\}:80 depends on the environment/],
    ['debug', /only in the profile tools/],
    ['lan', /published on 192\.168\.1\.5 alone/],
    ['local', /host’s network/],
  ])('leaves %s out and says why', (name, reason) => {
    expect(left.find((one) => one.name === name)?.reason).toMatch(reason);
  });

  test.each([
    ['', /no compose file/],
    ['a: 1', /no compose file/],
    ['- just\n- a list', /no compose file/],
    ['services: {a: [', /^This is not YAML/],
  ])('%j is refused with words', (text, problem) => {
    expect(readCompose(text)).toMatchObject({ services: [], problem: expect.stringMatching(problem) });
  });

  test('does not take two services under one name', () => {
    const twice = readCompose('services: {a_b: {ports: ["1:1"]}, a-b: {ports: ["2:2"]}, "__": {ports: ["3:3"]}, nothing: }');
    expect(twice.services.map(({ name }) => name)).toEqual(['a-b']);
    expect(twice.left.map(({ name }) => name)).toEqual(['a-b', '__', 'nothing']);
  });
});
