import { readWire, type WireField } from '../../../shared/proto-wire.ts';
import { describeGrpcStatus } from '../grpc-call.ts';
import { type HeaderAction, type HeaderChange, unreachable, type Verdict } from './verdict.ts';

/*
 * envoy.service.auth.v3.CheckResponse. status 0 lets pass, any other refuses, unless it is an error the service says it had. Dynamic metadata
 * goes nowhere here: no filter of Istio's reads it.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/auth/v3/external_auth.proto
 */

export function decodeCheckResponse(bytes: Buffer): Verdict {
  const message = fieldsOf(bytes);
  if (message === null) return unreachable('its answer is no CheckResponse');
  const status = fieldsOf(lastBytes(message, 1)) ?? [];
  const code = Number(lastInteger(status, 1));
  const words = textOf(status, 2);
  const said = `answered ${describeGrpcStatus(code)}${words === '' ? '' : `: ${words}`}`;
  if (code === 0) return allowance(fieldsOf(lastBytes(message, 3)) ?? [], said);
  const failed = find(message, 5);
  const reply = localReply(fieldsOf(failed ?? lastBytes(message, 2)) ?? []);
  if (failed !== null) return { kind: 'error', said: `it ${said}`, ...reply };
  return { kind: 'denied', said, ...reply, status: reply.status || 403 };
}

function allowance(ok: WireField[], said: string): Verdict {
  return {
    kind: 'allowed',
    said,
    // append_action is not looked at: a header is set, or with `append` joined to what is there.
    request: options(ok, 2).map(({ name, value, append }) => ({ name, value, action: append ? 'join' : 'overwrite' })),
    removeFromRequest: texts(ok, 5).map((name) => name.toLowerCase()),
    response: options(ok, 6).flatMap(({ name, value, append, appendAction }) => {
      const action = append === null ? appendActions[appendAction] : append ? 'add' : 'overwrite';
      return action === undefined ? [] : [{ name, value, action }];
    }),
    setQuery: repeated(ok, 7).map((parameter) => [textOf(parameter, 1), textOf(parameter, 2)]),
    removeQuery: texts(ok, 8),
  };
}

function localReply(reply: WireField[]): { status: number; body: string; headers: HeaderChange[] } {
  const status = Number(lastInteger(fieldsOf(lastBytes(reply, 1)) ?? [], 1));
  // Each is added, whatever its append_action; one to append has nothing to be appended to.
  const headers = options(reply, 2).flatMap(({ name, value, append }) =>
    append ? [] : [{ name, value, action: 'add' as const }],
  );
  return { status, body: textOf(reply, 3), headers };
}

const appendActions: readonly HeaderAction[] = ['add', 'add-if-absent', 'overwrite', 'overwrite-if-exists'];

interface HeaderOption {
  name: string;
  value: string;
  /** Deprecated and still first; null: not said. */
  append: boolean | null;
  appendAction: number;
}

function options(fields: WireField[], number: number): HeaderOption[] {
  return repeated(fields, number).map((option) => {
    const header = fieldsOf(lastBytes(option, 1)) ?? [];
    const append = find(option, 2);
    return {
      name: textOf(header, 1).toLowerCase(),
      // A header's value: its bytes as they go on the wire.
      value: (find(header, 2) ?? lastBytes(header, 3)).toString('latin1'),
      append: append === null ? null : lastInteger(fieldsOf(append) ?? [], 1) !== 0n,
      appendAction: Number(lastInteger(option, 3)),
    };
  });
}

function fieldsOf(bytes: Buffer): WireField[] | null {
  return readWire(bytes);
}
function repeated(fields: WireField[], number: number): WireField[][] {
  return fields.flatMap((field) => (field.number === number && field.wire === 'len' ? [readWire(field.value) ?? []] : []));
}
function texts(fields: WireField[], number: number): string[] {
  return fields.flatMap((field) => (field.number === number && field.wire === 'len' ? [field.value.toString('utf8')] : []));
}
function find(fields: WireField[], number: number): Buffer | null {
  const field = fields.findLast((one) => one.number === number && one.wire === 'len');
  return field?.wire === 'len' ? field.value : null;
}
function lastBytes(fields: WireField[], number: number): Buffer {
  return find(fields, number) ?? Buffer.alloc(0);
}
function lastInteger(fields: WireField[], number: number): bigint {
  const field = fields.findLast((one) => one.number === number && one.wire === 'varint');
  return field?.wire === 'varint' ? BigInt.asIntN(32, field.value) : 0n;
}
function textOf(fields: WireField[], number: number): string {
  return lastBytes(fields, number).toString('utf8');
}
