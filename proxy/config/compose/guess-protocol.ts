import type { ServiceProtocol } from '../../api/mesh.schema.ts';

export interface ProtocolGuess {
  protocol: ServiceProtocol;
  /** What it was told from, in words; '' for plain HTTP, which everything is until something else is known. */
  because: string;
}

/** `app_protocol` as Kubernetes and Istio write it. */
const named: Readonly<Record<string, ServiceProtocol>> = {
  http: 'http',
  'http/1.1': 'http',
  http2: 'http2',
  h2c: 'http2',
  'kubernetes.io/h2c': 'http2',
  grpc: 'grpc',
  tcp: 'tcp',
};

/** Ports that one kind of server is known by. */
const wellKnown = new Map<number, readonly [ServiceProtocol, string]>([
  [3306, ['tcp', 'MySQL']],
  [5432, ['tcp', 'PostgreSQL']],
  [6379, ['tcp', 'Redis']],
  [27017, ['tcp', 'MongoDB']],
  [9092, ['tcp', 'Kafka']],
  [5672, ['tcp', 'AMQP']],
  [1883, ['tcp', 'MQTT']],
  [4222, ['tcp', 'NATS']],
  [11211, ['tcp', 'memcached']],
  [9042, ['tcp', 'Cassandra']],
  [1433, ['tcp', 'SQL Server']],
  [2181, ['tcp', 'ZooKeeper']],
  [50051, ['grpc', 'gRPC']],
]);

/** What speaks on a port: told by the file, else by a port everybody knows, else HTTP. */
export function guessProtocol(port: number, appProtocol: string): ProtocolGuess {
  const told = named[appProtocol.toLowerCase()];
  if (told) return { protocol: told, because: told === 'http' ? '' : `app_protocol says ${appProtocol}` };
  const known = wellKnown.get(port);
  return known ? { protocol: known[0], because: `${port} is the port of ${known[1]}` } : { protocol: 'http', because: '' };
}
