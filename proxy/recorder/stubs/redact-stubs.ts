import type { CapturedBody } from '../../api/exchange.schema.ts';
import { headerValue } from '../../shared/header-value.ts';
import type { Redactor } from '../redact.ts';
import type { Stub, StubCondition, Stubs, ValueMatcher } from './stub.ts';

/**
 * Secrets in what stubs compare with and in what they answer, taken out as from recorded traffic: requests are compared in their redacted form.
 * Bodies that are templates are left as they are written.
 */
export function redactStubs(stubs: Stubs, redactor: Redactor): Stubs {
  return { ...stubs, stubs: stubs.stubs.map((stub) => redactStub(stub, redactor)) };
}

function redactStub(stub: Stub, redactor: Redactor): Stub {
  const { answer } = stub;
  const contentType = headerValue(answer.headers, 'content-type');
  const body = answer.templated ? null : capture(answer.body.content, answer.body.encoding, contentType);
  const { request: clean } = redactor.redactRequest('/', { headers: answer.headers, body, trailers: [] });
  return {
    ...stub,
    conditions: stub.conditions.map((condition) => ({ ...condition, matcher: redactMatcher(condition, redactor) })),
    answer: {
      ...answer,
      headers: clean.headers,
      ...(answer.parameters === undefined ? {} : { parameters: redactValues(answer.parameters, redactor) }),
      body: clean.body === null ? answer.body : { encoding: clean.body.encoding, content: clean.body.content },
    },
  };
}

function redactValues(values: Readonly<Record<string, string>>, redactor: Redactor): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, redactor.redactField(name, value)]));
}

function redactMatcher({ on, name = '', matcher }: StubCondition, redactor: Redactor): ValueMatcher {
  return mapEqual(matcher, on === 'body' || on === 'part', (text) => {
    const ask = (path: string, headers: [string, string][], body: CapturedBody | null = null) =>
      redactor.redactRequest(path, { headers, body, trailers: [] });
    if (on === 'url') return ask(text, []).path;
    if (on === 'queryString') return ask(`/?${text}`, []).path.slice(2);
    if (on === 'query' || on === 'form') return redactor.redactField(name, text);
    if (on === 'header') return ask('/', [[name, text]]).request.headers[0]![1];
    if (on === 'cookie') return ask('/', [['cookie', `${name}=${text}`]]).request.headers[0]![1].slice(name.length + 1);
    if (on === 'part' && redactor.redactField(name, text) !== text) return redactor.redactField(name, text);
    if (on !== 'body' && on !== 'part') return text;
    const clean = ask('/', [], capture(text, 'utf8', '')).request.body;
    return clean?.content ?? text;
  });
}

/** Every text that must be equal, also as JSON; below a JSONPath a text counts as the field the path ends in. */
function mapEqual(matcher: ValueMatcher, inBody: boolean, change: (text: string) => string): ValueMatcher {
  switch (matcher.is) {
    case 'equal':
      return { ...matcher, value: change(matcher.value) };
    case 'json':
      return inBody ? { ...matcher, value: JSON.parse(change(JSON.stringify(matcher.value))) } : matcher;
    case 'xml':
      return { ...matcher, value: change(matcher.value) };
    case 'not':
      return { ...matcher, of: mapEqual(matcher.of, inBody, change) };
    case 'all':
    case 'any':
      return { ...matcher, of: matcher.of.map((one) => mapEqual(one, inBody, change)) };
    case 'jsonPath': {
      const field = /([\w-]+)['"\]]*$/.exec(matcher.path)?.[1];
      if (field === undefined || !inBody) return matcher;
      const inObject = (text: string) => {
        const changed: unknown = JSON.parse(change(JSON.stringify({ [field]: text })));
        return String((changed as Record<string, unknown>)[field]);
      };
      return { ...matcher, of: mapEqual(matcher.of, inBody, inObject) };
    }
    default:
      return matcher;
  }
}

function capture(content: string, encoding: 'utf8' | 'base64', contentType: string): CapturedBody | null {
  if (content === '') return null;
  const bytes = Buffer.byteLength(content, encoding);
  return { bytes, capturedBytes: bytes, truncated: false, encoding, content, contentType, contentEncoding: '' };
}
