import { parseDurationMs } from './duration.ts';

/** What a metric measures, which says how its value is written and shown. */
export type MetricUnit = 'ms' | 'share' | 'per-second' | 'number';
export type MetricName =
  | 'p'
  | 'avg'
  | 'min'
  | 'max'
  | 'errors'
  | 'rate'
  | 'count'
  | 'attempts'
  | 'max_attempts'
  | 'retries'
  | 'share'
  | 'status'
  | 'flag'
  | 'dropped';
export type ConditionOperator = '<' | '<=' | '>' | '>=' | '==';

/** `p(99) < 400ms` taken apart. `value` is in milliseconds, a share 0..1, requests per second or a plain number, as `unit` says. */
export interface Condition {
  metric: MetricName;
  /** What stands in brackets: `99`, `v2`, `503`, `UO`; '' when the metric takes nothing. */
  argument: string;
  operator: ConditionOperator;
  value: number;
  unit: MetricUnit;
}
export type ParsedCondition = { ok: true; condition: Condition } | { ok: false; message: string; suggestion: string };

interface MetricForm {
  unit: MetricUnit;
  /** An example of what stands in brackets; absent: nothing does. */
  takes?: string;
  /** What may stand there. */
  argument?: RegExp;
}

const metrics: Readonly<Record<MetricName, MetricForm>> = {
  p: { unit: 'ms', takes: '99', argument: /^\d{1,2}(\.\d{1,3})?$/ },
  avg: { unit: 'ms' },
  min: { unit: 'ms' },
  max: { unit: 'ms' },
  errors: { unit: 'share' },
  rate: { unit: 'per-second' },
  count: { unit: 'number' },
  attempts: { unit: 'number' },
  max_attempts: { unit: 'number' },
  retries: { unit: 'number' },
  share: { unit: 'share', takes: 'v2', argument: /^[\w.-]{1,63}$/ },
  status: { unit: 'share', takes: '503', argument: /^([1-5]\d\d|[1-5]xx|0)$/ },
  flag: { unit: 'share', takes: 'UO', argument: /^[A-Z][A-Za-z]{1,8}$/ },
  dropped: { unit: 'number' },
};
const examples: Readonly<Record<MetricUnit, string>> = { ms: '400ms', share: '1%', 'per-second': '20', number: '3' };
const operators: readonly string[] = ['<', '<=', '>', '>=', '=='];

/** `METRIC OP VALUE`, see proxy/api/scenario.schema.ts. What is wrong is told with what was meant, never thrown. */
export function parseCondition(text: string): ParsedCondition {
  const wrong = (message: string, suggestion = ''): ParsedCondition => ({ ok: false, message, suggestion });
  const head = /^\s*([A-Za-z_]\w*)\s*(?:\(\s*([^()]*?)\s*\))?\s*/.exec(text.slice(0, 200));
  if (!head) return wrong(`\`${text}\` does not begin with a metric`, `Write e.g. p(99) < 400ms; metrics: ${names()}.`);
  const [whole, name = '', argument] = head;
  if (!Object.hasOwn(metrics, name)) {
    const percentile = /^p(\d{1,2})$/.exec(name)?.[1];
    return wrong(`\`${name}\` is not a metric`, percentile ? `Write p(${percentile}).` : `Metrics: ${names()}.`);
  }
  const metric = name as MetricName;
  const form = metrics[metric];
  const problem = argumentProblem(metric, form, argument);
  if (problem) return wrong(problem, form.takes ? `Write ${metric}(${form.takes}).` : `Write ${metric} without brackets.`);
  const rest = text.slice(whole.length);
  const operator = /^[<>=!~]+/.exec(rest)?.[0] ?? '';
  if (!operators.includes(operator)) {
    const found = operator === '' ? `\`${rest.trim() || 'nothing'}\`` : `\`${operator}\``;
    return wrong(`after \`${whole.trim()}\` stands ${found}, not an operator`, `Operators: ${operators.join(' ')}.`);
  }
  const written = rest.slice(operator.length).trim();
  const value = parseValue(written, form.unit);
  if (value === null)
    return wrong(`\`${written}\` is not ${valueWords[form.unit]}`, `Write e.g. ${examples[form.unit]} for ${metric}.`);
  return {
    ok: true,
    condition: { metric, argument: argument ?? '', operator: operator as ConditionOperator, value, unit: form.unit },
  };
}

const valueWords: Readonly<Record<MetricUnit, string>> = {
  ms: 'a duration',
  share: 'a share of 0 to 100 %',
  'per-second': 'a number of requests per second',
  number: 'a number',
};

function names(): string {
  return Object.entries(metrics)
    .map(([name, { takes }]) => (takes ? `${name}(${takes})` : name))
    .join(', ');
}

function argumentProblem(metric: MetricName, form: MetricForm, argument: string | undefined): string {
  if (form.takes === undefined) return argument === undefined ? '' : `${metric} takes nothing in brackets`;
  if (argument === undefined || argument === '') return `${metric} needs something in brackets`;
  const isOutside = metric === 'p' && Number(argument) <= 0;
  return form.argument?.test(argument) && !isOutside ? '' : `\`${argument}\` does not fit ${metric}( )`;
}

function parseValue(written: string, unit: MetricUnit): number | null {
  // A bare number is milliseconds, as k6's thresholds have it: p(95)<500.
  if (unit === 'ms') return parseDurationMs(/^\d+(\.\d+)?$/.test(written) ? `${written}ms` : written);
  const pattern =
    unit === 'share' ? /^(\d+(?:\.\d+)?)\s*%$/ : unit === 'per-second' ? /^(\d+(?:\.\d+)?)(?:\/s)?$/ : /^(\d+(?:\.\d+)?)$/;
  const match = pattern.exec(written);
  if (!match) return null;
  const value = Number(match[1]);
  if (unit === 'share') return value <= 100 ? value / 100 : null;
  return value;
}

/** Whether a measured value meets it. Shares and rates are compared to a millionth: they are quotients. */
export function meets(condition: Condition, measured: number): boolean {
  const { operator, value } = condition;
  const difference = Math.abs(measured - value) < 1e-9 ? 0 : measured - value;
  if (operator === '<') return difference < 0;
  if (operator === '<=') return difference <= 0;
  if (operator === '>') return difference > 0;
  return operator === '>=' ? difference >= 0 : difference === 0;
}

/** `612 ms`, `1.2 %`, `19.8/s`, `1.25` */
export function formatMeasured(value: number, unit: MetricUnit): string {
  if (unit === 'ms') return value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${rounded(value, value < 10 ? 1 : 0)} ms`;
  if (unit === 'share') return `${rounded(value * 100, value > 0 && value < 0.01 ? 2 : 1)} %`;
  return unit === 'per-second' ? `${rounded(value, 1)}/s` : rounded(value, 2);
}

function rounded(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
