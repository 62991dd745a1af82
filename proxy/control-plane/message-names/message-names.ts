import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import type { ProtoTypes } from '../../shared/proto-types.ts';
import type { Committed } from '../apply.ts';
import { describeWorkloads } from '../workloads.ts';
import type { GivenProtos } from './given-protos.ts';
import type { Reflection } from './reflection.ts';

export interface MessageNames {
  types: ProtoTypes | null;
  /** `proto`, `reflection`, or why there are no names. */
  why: string;
  /** The files, for `proto`. */
  files: string[];
}
interface Sources {
  protos: GivenProtos;
  reflection: Reflection;
  current: () => Committed;
}

/** Names for a call's messages: from a .proto that was handed over; else asked of the service itself, on its own port. */
export async function namesOf(sources: Sources, exchange: ExchangeDetail): Promise<MessageNames> {
  if (exchange.protocol !== 'gRPC') return { types: null, why: '', files: [] };
  const { destinationWorkload: workload, destination: service, destinationNamespace: namespace } = exchange;
  return namesOfMethod(sources, { workload, service, namespace, method: exchange.path.split('?')[0] ?? '' });
}

/** `method`: `/package.Service/Method`; `workload` '': any of the service. */
export interface NamedMethod {
  workload: string;
  service: string;
  namespace: string;
  method: string;
}

/** As namesOf, for a call that was not made yet. */
async function namesOfMethod({ protos, reflection, current }: Sources, asked: NamedMethod): Promise<MessageNames> {
  const { namespace, service, method } = asked;
  const given = await protos.typesOf(namespace, service, method);
  if (given.types !== null) return { types: given.types, why: 'proto', files: given.files };
  const told = await byReflection(reflection, current(), asked);
  if (told.types !== null || given.files.length === 0) return { ...told, files: [] };
  return { types: null, why: `${given.files.join(', ')} has no method ${method}, and ${told.why}`, files: [] };
}

/** Descriptors for a load's gRPC call to a host: a service of the mesh, or a gateway's, behind which any service may know the method. */
export async function typesForHost(
  sources: Sources,
  asked: Pick<NamedMethod, 'namespace' | 'service' | 'method'>,
): Promise<ProtoTypes | string> {
  const { protos } = sources;
  if (protos.find(asked.service, asked.namespace) !== null) {
    const names = await namesOfMethod(sources, { ...asked, workload: '' });
    return names.types ?? names.why;
  }
  const knowing = (await protos.list()).find(({ methods }) => methods.includes(asked.method));
  if (knowing === undefined) return `no .proto that was given knows ${asked.method}`;
  const { types } = await protos.typesOf(knowing.namespace, knowing.service, asked.method);
  return types ?? `no .proto that was given knows ${asked.method}`;
}

function byReflection(reflection: Reflection, committed: Committed, asked: NamedMethod) {
  const { method } = asked;
  const workload = describeWorkloads(committed, () => null).find(
    ({ id, service, namespace }) =>
      (asked.workload === '' || id === asked.workload) && service === asked.service && namespace === asked.namespace,
  );
  if (!workload) return { types: null, why: 'the service is not one of this mesh' };
  return reflection.typesOf(workload.app, method.slice(1, method.lastIndexOf('/')));
}
