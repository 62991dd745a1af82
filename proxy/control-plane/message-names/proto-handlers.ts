import type { ServiceProtos } from '../../api/proto.schema.ts';
import type { KnownService } from '../../config/hosts.ts';
import { ApiError, Reply } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import type { GivenProtos } from './given-protos.ts';

export type ProtoHandlers = Pick<ApiHandlers, 'listProtos' | 'addProtos' | 'removeProtos'>;

export function createProtoHandlers({ protos }: { protos: GivenProtos }): ProtoHandlers {
  const need = (service: string, namespace: string | undefined): KnownService => {
    const found = protos.find(service, namespace);
    if (found === null) throw new ApiError('not_found', `The mesh has no service ${namespace ? `${namespace}/` : ''}${service}`);
    return found;
  };
  return {
    listProtos: async () => ({ protos: await protos.list() }),
    addProtos: async ({ body }) => {
      const added = await protos.add(need(body.service, body.namespace), body.files);
      if (added.stored === null) return rejected(added.protos);
      if (!added.stored.ok) throw new ApiError('unavailable', added.stored.message);
      return added.protos;
    },
    removeProtos: async ({ params }) => {
      const service = need(params.service, params.namespace === '-' ? undefined : params.namespace);
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
