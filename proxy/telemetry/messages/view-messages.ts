import type {
  CapturedBody,
  ExchangeDetail,
  ExchangeMessage,
  MessagePage,
  MessageView,
  ProtoField,
} from '../../api/exchange.schema.ts';
import { readGrpcMessages } from '../../shared/grpc-message.ts';
import type { ProtoTypes } from '../../shared/proto-types.ts';
import { describeProto } from './proto-fields.ts';

export interface ViewOptions {
  /** Of the service, where it told them. */
  types: ProtoTypes | null;
  /** Where `types` come from, or why there are none. */
  names: string;
  /** The files they come from, when somebody handed them over. */
  files?: readonly string[];
  /** Only messages with a greater number. */
  after: number;
  /** Takes a gRPC message's compression off; null when it is not what its encoding says. */
  inflate: (bytes: Buffer, encoding: string) => Buffer | null;
  /** Takes a secret out of a field whose name is known. */
  redact: (name: string, value: string) => string;
}

const maxSummary = 200;
/** Messages taken out of one body. */
const maxOfBody = 1000;

/** The messages of an exchange, each made readable: events taken apart, protobuf fields listed, one line of summary. */
export function viewMessages(exchange: ExchangeDetail, options: ViewOptions): MessagePage {
  const log = exchange.messages ?? (exchange.protocol === 'gRPC' ? messagesOfBodies(exchange) : null);
  const method = options.types?.methods.get(exchange.path.split('?')[0] ?? '');
  const items = (log?.items ?? []).filter((message) => message.number > options.after);
  return {
    exchange: exchange.id,
    open: exchange.open ?? false,
    protocol: exchange.protocol,
    messages: items.map((message) => {
      const up = message.dir === 'up';
      const { headers } = up ? exchange.request : exchange.response;
      const grpcEncoding = headers.find(([name]) => name === 'grpc-encoding')?.[1] ?? '';
      return viewMessage(message, { ...options, grpcEncoding, type: up ? method?.input : method?.output });
    }),
    total: log?.total ?? 0,
    dropped: log?.dropped ?? 0,
    names: exchange.protocol === 'gRPC' ? options.names : '',
    ...(options.files?.length ? { protoFiles: [...options.files] } : {}),
  };
}

interface MessageOptions extends ViewOptions {
  /** Of the direction, as its head said; '' when it said nothing. */
  grpcEncoding: string;
  /** Full name of the message, where it is known. */
  type: string | undefined;
}

function viewMessage(message: ExchangeMessage, options: MessageOptions): MessageView {
  if (message.kind === 'message') {
    const { type, types, redact } = options;
    const bytes = plainBytes(message, options);
    const fields = bytes && describeProto(bytes, type ?? '', types, message.truncated);
    if (bytes === null)
      return { ...message, summary: `${message.bytes} bytes, ${options.grpcEncoding || 'in a compression not named'}` };
    if (fields === null) return { ...message, summary: `${bytes.length} bytes that are no protobuf` };
    const clean = fields.map((field) => ({ ...field, value: redact(field.name, field.value) }));
    return { ...message, summary: cut(summaryOfFields(clean)), fields: clean, ...(type === undefined ? {} : { type }) };
  }
  if (message.kind === 'event') {
    const event = parseEvent(message.content);
    const rest = event.comment ? `: ${event.comment}` : event.retry === null ? '' : `retry ${event.retry} ms`;
    const line = event.data.replaceAll('\n', ' ') || rest;
    return { ...message, summary: cut(line), event };
  }
  if (message.kind === 'close')
    return { ...message, summary: cut([closeWords(message.closeCode ?? 1005), message.content].filter(Boolean).join(': ')) };
  if (message.encoding === 'utf8') return { ...message, summary: cut(message.content.replace(/\s+/g, ' ')) };
  const dump = Buffer.from(message.content, 'base64')
    .subarray(0, 24)
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ');
  return { ...message, summary: dump };
}

/** Null when the compression cannot be taken off. A message whose secrets were taken out is kept without it, whatever its flag says. */
function plainBytes(message: ExchangeMessage, { grpcEncoding, inflate }: MessageOptions): Buffer | null {
  const bytes = Buffer.from(message.content, message.encoding);
  if (!message.compressed || bytes.length === 0) return bytes;
  const plain = grpcEncoding === '' ? null : inflate(bytes, grpcEncoding);
  return plain ?? (describeProto(bytes, '', null, message.truncated) === null ? null : bytes);
}

/** WHATWG HTML 9.2.6: fields by line, one space after the colon goes, several data lines are joined. */
export function parseEvent(block: string): NonNullable<MessageView['event']> {
  const event = { id: '', event: '', retry: null as number | null };
  const data: string[] = [];
  const comments: string[] = [];
  for (const line of block.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (colon === 0) comments.push(value);
    else if (name === 'data') data.push(value);
    else if (name === 'id' || name === 'event') event[name] = value;
    else if (name === 'retry' && /^\d+$/.test(value)) event.retry = Number(value);
  }
  return { ...event, data: data.join('\n'), comment: comments.join('\n') };
}

/** A short call keeps its messages in the bodies alone. */
function messagesOfBodies({ request, response, durationMs }: ExchangeDetail): {
  items: ExchangeMessage[];
  total: number;
  dropped: number;
} {
  const items = [...splitBody(request.body, 'up', 0), ...splitBody(response.body, 'down', durationMs)].map((message, number) => ({
    ...message,
    number,
  }));
  return { items, total: items.length, dropped: 0 };
}

function splitBody(body: CapturedBody | null, dir: 'up' | 'down', offsetMs: number): Omit<ExchangeMessage, 'number'>[] {
  if (body === null) return [];
  const { messages } = readGrpcMessages(Buffer.from(body.content, body.encoding));
  return messages.slice(0, maxOfBody).map(({ data, bytes, compressed }) => ({
    ...{ dir, kind: 'message', bytes, offsetMs, encoding: 'base64', content: data.toString('base64') },
    truncated: data.length < bytes,
    ...(compressed ? { compressed } : {}),
  }));
}

function summaryOfFields(fields: readonly ProtoField[]): string {
  if (fields.length === 0) return '(empty)';
  const shown = fields.filter(({ value, type }) => value !== '' || !type.startsWith('message')).slice(0, 8);
  return shown
    .map(({ name, number, value, type }) => `${name || `#${number}`}: ${/^string/.test(type) ? JSON.stringify(value) : value}`)
    .join(', ');
}

const closeNames: Record<number, string> = {
  1000: 'normal closure',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'no code',
  1007: 'invalid payload',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'extension missing',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
};

function closeWords(code: number): string {
  const name = closeNames[code];
  return name === undefined ? String(code) : `${code} ${name}`;
}

function cut(text: string): string {
  return text.length > maxSummary ? `${text.slice(0, maxSummary)}…` : text;
}
