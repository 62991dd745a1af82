import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { type Fault, faultSchema } from '../../api/fault.schema.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { parsePercent } from '../../shared/size.ts';
import type { ParsedResource } from '../parse.ts';
import { Checker } from './check.ts';
import { grpcStatusNumber } from './virtual-service.ts';

export function checkFault(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const { spec }: Fault = faultSchema.parse(resource.document);
  if (!spec.delay && !spec.abort && !spec.response && !spec.tcp) {
    check.error(['spec'], 'A fault does something: set delay, abort, response or tcp.');
  }
  for (const [i, match] of (spec.match ?? []).entries()) {
    const path = ['spec', 'match', i];
    for (const field of ['uri', 'scheme', 'method', 'authority'] as const) check.stringMatch([...path, field], match[field]);
    for (const field of ['headers', 'withoutHeaders', 'queryParams'] as const) {
      for (const [name, value] of Object.entries(match[field] ?? {})) check.stringMatch([...path, field, name], value, true);
    }
  }
  const { delay, abort, schedule } = spec;
  if (delay && 'uniform' in delay && parseDurationMs(delay.uniform.min)! > parseDurationMs(delay.uniform.max)!) {
    check.error(['spec', 'delay', 'uniform', 'min'], 'min is larger than max.');
  }
  if (abort && 'grpcStatus' in abort && grpcStatusNumber(abort.grpcStatus) === null) {
    check.error(['spec', 'abort', 'grpcStatus'], `\`${abort.grpcStatus}\` is not a gRPC status.`);
  }
  if (spec.response && spec.side === 'client') {
    check.error(['spec', 'response'], 'A response fault acts in the callee’s proxy: use side: server.');
  }
  if (spec.response?.corrupt !== undefined && parsePercent(spec.response.corrupt) === null) {
    check.error(['spec', 'response', 'corrupt'], `${spec.response.corrupt} is not a percentage: 0 to 100.`);
  }
  if (schedule?.every !== undefined && schedule.for === undefined)
    check.error(['spec', 'schedule', 'every'], 'every needs for: how long each window lasts.');
  if (
    schedule?.every !== undefined &&
    schedule.for !== undefined &&
    parseDurationMs(schedule.every)! < parseDurationMs(schedule.for)!
  ) {
    check.error(['spec', 'schedule', 'every'], 'every is shorter than for: the windows would overlap.');
  }
  return check.diagnostics;
}
