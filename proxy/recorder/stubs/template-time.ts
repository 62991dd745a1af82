/**
 * A moment as `now` helpers write it. `offset`: `1d`, `-1h30m` (Hoverfly), `3 days`, `-24 seconds` (WireMock). `format`: `unix` seconds, `epoch`
 * milliseconds, a pattern of letters (`yyyy-MM-dd`), or Go's moment (`2006-01-02`); '' is ISO 8601 to the second. In UTC.
 */
export function formatNow(now: number, offset: string, format: string): string {
  const moment = new Date(now);
  shift(moment, offset);
  if (Number.isNaN(moment.getTime())) return '';
  if (format === 'unix') return String(Math.floor(moment.getTime() / 1000));
  if (format === 'epoch') return String(moment.getTime());
  const iso = moment.toISOString();
  if (format === '') return `${iso.slice(0, 19)}Z`;
  return format.includes('2006') || format.includes('15:04') ? goFormat(moment, format) : letterFormat(moment, format);
}

const unitMs: Readonly<Record<string, number>> = {
  ...{ ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, second: 1000, m: 60_000, minute: 60_000, h: 3_600_000, hour: 3_600_000 },
  ...{ d: 86_400_000, day: 86_400_000, week: 604_800_000, y: 31_536_000_000 },
};

function shift(moment: Date, offset: string): void {
  const sign = offset.trim().startsWith('-') ? -1 : 1;
  for (const [, count, unit] of offset.matchAll(/(\d+(?:\.\d+)?)\s*([a-zµ]+)/gi)) {
    const name = unit!.toLowerCase().replace(/(?<=..)s$/, (s) => (unitMs[unit!.toLowerCase()] === undefined ? '' : s));
    const by = sign * Number(count);
    if (name === 'month') moment.setUTCMonth(moment.getUTCMonth() + by);
    else if (name === 'year') moment.setUTCFullYear(moment.getUTCFullYear() + by);
    else moment.setTime(moment.getTime() + by * (unitMs[name] ?? 0));
  }
}

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const two = (n: number): string => String(n).padStart(2, '0');

function letterFormat(moment: Date, format: string): string {
  return format.replace(
    /'([^']*)'|yyyy|yy|MMMM|MMM|MM|M|dd|d|EEEE|EEE|HH|H|hh|h|mm|ss|SSS|a|XXX|X|Z|z/g,
    (letters, quoted?: string) => (quoted === undefined ? (field(moment)[letters] ?? letters) : quoted || "'"),
  );
}

function goFormat(moment: Date, format: string): string {
  const fields = field(moment);
  const names: Readonly<Record<string, string>> = {
    ...{
      '2006': 'yyyy',
      January: 'MMMM',
      Jan: 'MMM',
      '01': 'MM',
      '02': 'dd',
      Monday: 'EEEE',
      Mon: 'EEE',
      '15': 'HH',
      '03': 'hh',
    },
    ...{ '04': 'mm', '05': 'ss', '.000': '.SSS', PM: 'a', 'Z07:00': 'X', '-0700': 'Z', MST: 'z' },
  };
  return format.replace(/2006|January|Jan|Monday|Mon|MST|Z07:00|-0700|\.000|01|02|15|03|04|05|PM/g, (part) =>
    part === '.000' ? `.${fields.SSS}` : (fields[names[part]!] ?? part),
  );
}

function field(moment: Date): Record<string, string> {
  const hour = moment.getUTCHours();
  const month = months[moment.getUTCMonth()]!;
  const day = days[moment.getUTCDay()]!;
  return {
    ...{ yyyy: String(moment.getUTCFullYear()), yy: two(moment.getUTCFullYear() % 100), MMMM: month, MMM: month.slice(0, 3) },
    ...{ MM: two(moment.getUTCMonth() + 1), M: String(moment.getUTCMonth() + 1) },
    ...{ dd: two(moment.getUTCDate()), d: String(moment.getUTCDate()), EEEE: day, EEE: day.slice(0, 3) },
    ...{ HH: two(hour), H: String(hour), hh: two(hour % 12 || 12), h: String(hour % 12 || 12), a: hour < 12 ? 'AM' : 'PM' },
    ...{
      mm: two(moment.getUTCMinutes()),
      ss: two(moment.getUTCSeconds()),
      SSS: String(moment.getUTCMilliseconds()).padStart(3, '0'),
    },
    ...{ X: 'Z', XXX: 'Z', Z: '+0000', z: 'UTC' },
  };
}
