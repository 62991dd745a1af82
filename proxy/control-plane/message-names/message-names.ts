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
export async function namesOf({ protos, reflection, current }: Sources, exchange: ExchangeDetail): Promise<MessageNames> {
  if (exchange.protocol !== 'gRPC') return { types: null, why: '', files: [] };
  const method = exchange.path.split('?')[0] ?? '';
  const given = await protos.typesOf(exchange.destinationNamespace, exchange.destination, method);
  if (given.types !== null) return { types: given.types, why: 'proto', files: given.files };
  const told = await byReflection(reflection, current(), exchange, method);
  if (told.types !== null || given.files.length === 0) return { ...told, files: [] };
  return { types: null, why: `${given.files.join(', ')} has no method ${method}, and ${told.why}`, files: [] };
}

function byReflection(reflection: Reflection, committed: Committed, exchange: ExchangeDetail, method: string) {
  const workload = describeWorkloads(committed, () => null).find(
    ({ id, service, namespace }) =>
      (exchange.destinationWorkload === '' || id === exchange.destinationWorkload) &&
      service === exchange.destination &&
      namespace === exchange.destinationNamespace,
  );
  if (!workload) return { types: null, why: 'the service is not one of this mesh' };
  return reflection.typesOf(workload.app, method.slice(1, method.lastIndexOf('/')));
}
