import type { FaultRequest, FaultSpec } from '../../../proxy/api/fault.schema.ts';
import type { FaultForm } from './fault-form.ts';
import { readMatch } from './match-words.ts';
import { toToxic } from './toxic-words.ts';

export type MadeFault = { request: FaultRequest } | { problem: string };

/** The request for POST /faults, or what is missing in words. */
export function toFaultRequest(form: FaultForm): MadeFault {
  if (form.to.trim() === '') return { problem: 'Choose the service whose calls should suffer' };
  const effect = effectOf(form);
  if (Object.keys(effect).length === 0)
    return { problem: form.effect === 'toxics' ? 'Choose at least one toxic' : 'Choose what should happen to the calls' };
  const conditions = form.effect === 'toxics' ? { match: {} } : readMatch(form);
  if ('problem' in conditions) return conditions;
  const { original } = form;
  const match = matchOf(form, conditions.match);
  const only = { ...(form.skip > 0 ? { skip: form.skip } : {}), ...(form.first === null ? {} : { first: form.first }) };
  const schedule = withoutBlanks({ after: form.after, for: form.lasts, every: form.every });
  const spec: FaultSpec = {
    to: {
      service: form.to,
      ...withoutBlanks({ namespace: sameNamespace(form, 'to'), version: form.version, workload: form.workload }),
      ...(form.port === null ? {} : { port: form.port }),
    },
    ...(form.from === '' ? {} : { from: { service: form.from, ...withoutBlanks({ namespace: sameNamespace(form, 'from') }) } }),
    side: form.side,
    ...(match.length === 0 ? {} : { match }),
    percentage: form.percentage,
    ...effect,
    ...(Object.keys(only).length === 0 ? {} : { only }),
    per: form.per,
    ...(Object.keys(schedule).length === 0 ? {} : { schedule }),
    ...(form.expires.trim() === '' ? {} : { expires: form.expires.trim() }),
    ...(form.seed === null ? {} : { seed: form.seed }),
    enabled: original?.spec.enabled ?? true,
  };
  const name = form.name.trim();
  return { request: { ...(name === '' ? {} : { name }), ...(original ? { namespace: original.namespace } : {}), spec } };
}

/** A fault's namespaces are not asked for: those of one that is changed stay, unless it is meant for another service now. */
function sameNamespace({ original, ...form }: FaultForm, end: 'to' | 'from'): string {
  const before = original?.spec[end];
  return before && before.service === form[end] ? (before.namespace ?? '') : '';
}

/** What the form says of the first match, with what only YAML says of it, and the matches beside it. Toxics draw when a connection opens: no request is there. */
function matchOf(
  { effect, original }: FaultForm,
  said: NonNullable<FaultSpec['match']>[number],
): NonNullable<FaultSpec['match']> {
  if (effect === 'toxics') return [];
  const [before = {}, ...more] = original?.spec.match ?? [];
  const { uri: _uri, method: _method, headers: _headers, queryParams: _queryParams, ...rest } = before;
  const first = { ...rest, ...said };
  return Object.keys(first).length === 0 && more.length === 0 ? [] : [first, ...more];
}

function effectOf(form: FaultForm): Partial<FaultSpec> {
  if (form.effect === 'toxics') return form.toxics.length === 0 ? {} : { tcp: form.toxics.map(toToxic) };
  const response = withoutBlanks({
    truncateAfter: form.truncateAfter,
    bytesPerSecond: form.bytesPerSecond,
    corrupt: form.corrupt,
  });
  const delay = delayOf(form.delay);
  const abort = abortOf(form);
  return { ...(delay && { delay }), ...(abort && { abort }), ...(Object.keys(response).length > 0 && { response }) };
}

function delayOf({ kind, a, b, shape }: FaultForm['delay']): FaultSpec['delay'] {
  switch (kind) {
    case 'none':
      return undefined;
    case 'fixed':
      return { fixed: a.trim() };
    case 'uniform':
      return { uniform: { min: a.trim(), max: b.trim() } };
    case 'normal':
      return { normal: { mean: a.trim(), stddev: b.trim() } };
    case 'pareto':
      return { pareto: { scale: a.trim(), shape } };
  }
}

function abortOf({ answer, status, grpcStatus }: FaultForm): FaultSpec['abort'] {
  switch (answer) {
    case 'usual':
      return undefined;
    case 'status':
      return { httpStatus: status };
    case 'grpc':
      return { grpcStatus };
    case 'reset':
      return { reset: true };
    case 'hang':
      return { hang: true };
  }
}

function withoutBlanks<K extends string>(values: Record<K, string>): Partial<Record<K, string>> {
  const given = Object.entries<string>(values).map(([name, value]) => [name, value.trim()] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== '')) as Partial<Record<K, string>>;
}

/** The same as YAML, to keep in a file. Values are plain words, numbers and durations: JSON's quoting is YAML's too. */
export function toYaml({ name, namespace, spec }: FaultRequest): string {
  const metadata = `{name: ${name ?? 'my-fault'}${namespace ? `, namespace: ${namespace}` : ''}}`;
  const lines = ['apiVersion: drydock.dev/v1', 'kind: Fault', `metadata: ${metadata}`, 'spec:'];
  for (const [key, value] of Object.entries(spec)) {
    if (value === undefined || (key === 'enabled' && value === true) || (key === 'per' && value === 'request')) continue;
    lines.push(`  ${key}: ${inline(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .map(([k, v]) => `${/^[\w.-]+$/.test(k) ? k : JSON.stringify(k)}: ${inline(v)}`)
      .join(', ')}}`;
  }
  if (typeof value === 'string') return isPlain(value) ? value : JSON.stringify(value);
  return String(value);
}

/** Read back as the same text: not a number, and none of YAML's words. */
const isPlain = (text: string) =>
  /^[A-Za-z_][\w./-]*$|^\d+(\.\d+)?[A-Za-z]+$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n|\d+(\.\d+)?e\d*)$/i.test(text);
