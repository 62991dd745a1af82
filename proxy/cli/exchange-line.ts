import type { Exchange } from '../api/exchange.schema.ts';
import { toWidth } from './columns.ts';
import { milliseconds, type Output } from './output.ts';
import { printable } from './text-width.ts';

/** How wide each part of a line is, 0 for one that there is no room for; the request takes what is left. */
interface Widths {
  time: number;
  code: number;
  took: number;
  edge: number;
  request: number;
  notes: number;
}

const gap = 2;

/** By the terminal's width alone, so that a column stands where it stood whatever a line says. */
function widthsFor(columns: number): Widths {
  const widths = {
    time: columns >= 100 ? 12 : columns >= 72 ? 8 : 0,
    code: 6,
    took: columns >= 48 ? 8 : 0,
    edge: columns >= 56 ? Math.min(40, Math.max(20, Math.round(columns * 0.22))) : 12,
    notes: columns >= 56 ? Math.min(48, Math.max(6, Math.round(columns * 0.13))) : 0,
  };
  const taken = Object.values(widths).reduce((sum, width) => sum + (width > 0 ? width + gap : 0), 0);
  return { ...widths, request: Math.max(8, columns - taken) };
}

/** Titles of the columns, for the terminal. */
export function exchangeHeader(out: Output): string {
  const widths = widthsFor(out.columns);
  const edge = showsSource(widths) ? 'FROM → TO' : 'TO';
  const titles = { time: 'TIME', code: 'CODE', took: 'TOOK', edge, request: 'REQUEST', notes: 'NOTES' };
  return out.style('dim', joinCells(widths, (part) => cell(part, titles[part], widths)).trimEnd());
}

/** One exchange on one line: columns that stand still in a terminal, fields between tabs in a pipe. */
export function exchangeLine(out: Output, exchange: Exchange): string {
  const { glyph, colour, code } = outcomeOf(exchange);
  const to = `${exchange.destination || 'nowhere'}${exchange.destinationVersion ? `-${exchange.destinationVersion}` : ''}`;
  const edge = `${exchange.source} → ${to}`;
  const request = printable(`${exchange.method} ${exchange.path}`);
  const notes = printable(notesOf(exchange).join(' '));
  const took = milliseconds(exchange.durationMs);
  if (!out.isTerminal) {
    const fields = [exchange.time, out.style(colour, code), took, printable(edge), request, notes];
    return fields.join('\t');
  }
  const widths = widthsFor(out.columns);
  // The other side of a call that has a line of its own, as the Requests screen draws it.
  const inbound = exchange.reporter === 'destination' ? '⤷ ' : '';
  const texts = {
    time: exchange.time.slice(11, 11 + widths.time),
    code: `${glyph} ${code}`,
    took,
    edge: inbound + printable(showsSource(widths) ? edge : to),
    request,
    notes,
  };
  const styles = { time: 'dim', code: colour, notes: exchange.faults.length > 0 ? 'magenta' : 'yellow' } as const;
  return joinCells(widths, (part) => {
    const text = cell(part, texts[part], widths);
    if (part === 'notes') return text.trim() === '' ? '' : out.style(styles.notes, text.trimEnd());
    return part === 'time' || part === 'code' ? out.style(styles[part], text) : text;
  }).trimEnd();
}

const order = ['time', 'code', 'took', 'edge', 'request', 'notes'] as const;
type Part = (typeof order)[number];

const showsSource = ({ edge }: Widths) => edge >= 20;
const cell = (part: Part, text: string, widths: Widths) => toWidth(text, widths[part], part === 'took' ? 'end' : 'start');
const joinCells = (widths: Widths, cellOf: (part: Part) => string) =>
  order
    .filter((part) => widths[part] > 0)
    .map(cellOf)
    .join(' '.repeat(gap));

/** As the Requests screen marks them: never by colour alone. */
function outcomeOf(exchange: Exchange): { glyph: string; colour: 'red' | 'yellow' | 'green' | 'cyan'; code: string } {
  const { status, grpcStatus, open, protocol, flags } = exchange;
  if (open) return { glyph: '●', colour: 'cyan', code: 'open' };
  if (grpcStatus && status === 200) return { glyph: '✖', colour: 'red', code: `g${grpcStatus}` };
  if (status === 0 && protocol === 'TCP' && flags === '') return { glyph: '✓', colour: 'green', code: 'tcp' };
  if (status >= 500 || status === 0) return { glyph: status === 0 ? '–' : '✖', colour: 'red', code: String(status) };
  return status >= 400
    ? { glyph: '▲', colour: 'yellow', code: String(status) }
    : { glyph: '✓', colour: 'green', code: String(status) };
}

function notesOf(exchange: Exchange): string[] {
  return [
    exchange.flags,
    exchange.attempts.length > 1 ? `${exchange.attempts.length}×` : '',
    ...exchange.faults.map((fault) => `⚡${fault.name}`),
    exchange.reporter === 'destination' ? 'inbound' : '',
    exchange.simulated ? 'simulated' : '',
  ].filter((note) => note !== '');
}
