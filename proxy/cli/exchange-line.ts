import type { Exchange } from '../api/exchange.schema.ts';
import { toWidth } from './columns.ts';
import { milliseconds, type Output } from './output.ts';

/** How wide each part of a line is; the request takes what is left. */
interface Widths {
  time: number;
  edge: number;
  request: number;
  notes: number;
}

const codeWidth = 6;
const tookWidth = 8;
const gaps = 2 * 5;

function widthsFor(columns: number): Widths {
  const time = columns >= 100 ? 12 : 8;
  const edge = Math.min(40, Math.max(20, Math.round(columns * 0.22)));
  const notes = Math.min(48, Math.max(8, Math.round(columns * 0.13)));
  return { time, edge, notes, request: Math.max(12, columns - time - codeWidth - tookWidth - edge - notes - gaps) };
}

/** Titles of the columns, for the terminal. */
export function exchangeHeader(out: Output): string {
  const { time, edge, request, notes } = widthsFor(out.columns);
  const cells = [
    toWidth('TIME', time),
    toWidth('CODE', codeWidth),
    toWidth('TOOK', tookWidth, 'end'),
    toWidth('FROM → TO', edge),
  ];
  return out.style('dim', [...cells, toWidth('REQUEST', request), toWidth('NOTES', notes)].join('  ').trimEnd());
}

/** One exchange on one line: columns that stand still in a terminal, fields between tabs in a pipe. */
export function exchangeLine(out: Output, exchange: Exchange): string {
  const { glyph, colour, code } = outcomeOf(exchange);
  const version = exchange.destinationVersion ? `-${exchange.destinationVersion}` : '';
  const edge = `${exchange.source} → ${exchange.destination}${version}`;
  const request = `${exchange.method} ${exchange.path}`;
  const notes = notesOf(exchange).join(' ');
  const took = milliseconds(exchange.durationMs);
  if (!out.isTerminal) return [exchange.time, code, took, edge, request, notes].join('\t');
  const { time, edge: edgeWidth, request: requestWidth, notes: notesWidth } = widthsFor(out.columns);
  return [
    out.style('dim', exchange.time.slice(11, 11 + time)),
    out.style(colour, toWidth(`${glyph} ${code}`, codeWidth)),
    toWidth(took, tookWidth, 'end'),
    toWidth(edge, edgeWidth),
    toWidth(request, requestWidth),
    out.style(exchange.faults.length > 0 ? 'magenta' : 'yellow', toWidth(notes, notesWidth).trimEnd()),
  ]
    .join('  ')
    .trimEnd();
}

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
