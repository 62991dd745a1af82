import type { ServiceProtos } from '../../api/proto.schema.ts';
import type { KnownService } from '../../config/hosts.ts';
import type { GivenProtos } from '../message-names/given-protos.ts';
import { ApiError, Reply } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import { need } from './failures.ts';

export type ProtoHandlers = Pick<ApiHandlers, 'listProtos' | 'addProtos' | 'removeProtos'>;

export function createProtoHandlers({ protos }: { protos: GivenProtos }): ProtoHandlers {
  const find = (service: string, namespace: string | undefined): KnownService =>
    need(protos.find(service, namespace), `The mesh has no service ${namespace ? `${namespace}/` : ''}${service}`);
  return {
    listProtos: async () => ({ protos: await protos.list() }),
    addProtos: async ({ body }) => {
      const added = await protos.add(find(body.service, body.namespace), body.files);
      if (added.stored === null) return rejected(added.protos);
      if (!added.stored.ok) throw new ApiError('unavailable', added.stored.message);
      return added.protos;
    },
    removeProtos: async ({ params }) => {
      const service = find(params.service, params.namespace === '-' ? undefined : params.namespace);
      if (!(await protos.remove(service)))
        throw new ApiError('not_found', `${service.name} was given none over the API; those of a mesh file are removed there`);
      return { removed: service.name };
    },
  };
}

/** 422 with the usual error beside the diagnostics, as of an apply. */
function rejected(protos: ServiceProtos): Reply<ServiceProtos> {
  const [first] = protos.diagnostics;
  const place = first?.file === undefined ? '' : `${first.file}${first.line === undefined ? '' : `:${first.line}`}: `;
  const error = { code: 'rejected', message: `${place}${first?.message ?? 'Rejected'}`, details: protos.diagnostics };
  return new Reply(422, { ...protos, error } as ServiceProtos);
}
