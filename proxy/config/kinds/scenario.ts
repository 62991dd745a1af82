import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { maxScenarioRequests, type Scenario, type ScenarioSpec, scenarioSchema } from '../../api/scenario.schema.ts';
import { parseCondition } from '../../shared/condition.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { nearest } from '../../shared/nearest.ts';
import type { Path } from '../diagnostics.ts';
import type { ParsedResource } from '../parse.ts';
import { Checker } from './check.ts';
import { checkFault } from './fault.ts';

const maxScenarioMs = 6 * 3_600_000;

/** Beginnings of the event types there are (observability.schema.ts). */
const eventFamilies = [
  ...['endpoint.', 'cluster.', 'fault.', 'config.', 'service.', 'certificate.', 'recording.', 'simulation.', 'scenario.'],
  ...['data-plane.', 'engine.', 'store.', 'access-log.', 'otlp.'],
];
const clusterEvents = [
  'endpoint.ejected',
  'endpoint.returned',
  'cluster.overflow',
  'fault.armed',
  'fault.removed',
  'fault.expired',
];

/** What the schema cannot say about a scenario by itself: conditions, names that must exist in it, times that must fit. */
export function checkScenario(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const { spec }: Scenario = scenarioSchema.parse(resource.document);
  const endMs = checkTimes(check, spec);
  checkNames(check, spec);
  checkLoads(check, spec);
  for (const [i, fault] of spec.faults.entries()) {
    const path = ['spec', 'faults', i];
    const document = { apiVersion: 'drydock.dev/v1', kind: 'Fault', metadata: { name: resource.name }, spec: fault.spec };
    check.diagnostics.push(...checkFault({ ...inside(resource, path), document, spec: fault.spec }));
  }
  for (const [i, that] of spec.hypothesis.entries()) checkCondition(check, ['spec', 'hypothesis', i], that);
  for (const [i, expectation] of spec.expect.entries()) {
    const path = ['spec', 'expect', i];
    if (expectation.that !== undefined) checkCondition(check, [...path, 'that'], expectation.that);
    checkWindow(check, path, expectation, endMs);
  }
  return check.diagnostics;
}

/** A part of a resource that has the form of a resource of its own: what is wrong in it is told where it stands. */
export function inside(resource: ParsedResource, at: Path): ParsedResource {
  return { ...resource, positionOf: (path, part) => resource.positionOf([...at, ...path], part) };
}

function checkCondition(check: Checker, path: Path, text: string): void {
  const parsed = parseCondition(text);
  if (!parsed.ok) check.report(path, { code: 'DD5001', message: `${sentence(parsed.message)}.`, suggestion: parsed.suggestion });
}

/** Names are how expectations and the timeline speak of loads, faults and changes. */
function checkNames(check: Checker, spec: ScenarioSpec): void {
  const loads = spec.load.map(({ name }) => name);
  const steps = [...spec.faults, ...spec.changes].map(({ name }) => name);
  const twice = (names: readonly string[], pathOf: (i: number) => Path) => {
    for (const [i, name] of names.entries()) {
      if (names.indexOf(name) < i) check.report(pathOf(i), { code: 'DD1007', message: `\`${name}\` is the name of two things.` });
    }
  };
  twice(loads, (i) => ['spec', 'load', i, 'name']);
  const faults = spec.faults.length;
  twice(steps, (i) => (i < faults ? ['spec', 'faults', i, 'name'] : ['spec', 'changes', i - faults, 'name']));
  for (const [i, { of, event }] of spec.expect.entries()) {
    const path = ['spec', 'expect', i];
    if (of?.load !== undefined) unknownName(check, [...path, 'of', 'load'], of.load, loads, 'load');
    if (event?.after !== undefined) unknownName(check, [...path, 'event', 'after'], event.after, steps, 'fault or change');
    if (event !== undefined && !eventFamilies.some((family) => event.type.startsWith(family))) {
      const meant = nearest(event.type, clusterEvents);
      check.report([...path, 'event', 'type'], {
        ...{
          code: 'DD5006',
          message: `No event is called \`${event.type}\`: ${event.never ? 'this passes' : 'this fails'} always.`,
        },
        suggestion: meant ? `Did you mean \`${meant}\`?` : `Known: ${clusterEvents.join(', ')} …`,
      });
    }
  }
}

function unknownName(check: Checker, path: Path, name: string, known: readonly string[], what: string): void {
  if (known.includes(name)) return;
  const meant = nearest(name, known);
  check.report(path, {
    ...{ code: 'DD5002', message: `The scenario has no ${what} \`${name}\`.` },
    suggestion: meant ? `Did you mean \`${meant}\`?` : known.length > 0 ? `Known: ${known.join(', ')}.` : null,
  });
}

function checkLoads(check: Checker, spec: ScenarioSpec): void {
  let planned = 0;
  for (const [i, load] of spec.load.entries()) {
    const { from, to } = typeof load.rate === 'number' ? { from: load.rate, to: load.rate } : load.rate;
    const path = ['spec', 'load', i];
    planned += (((from + to) / 2) * ms(load.for)) / 1000;
    if (from + to === 0) check.report([...path, 'rate'], { code: 'DD5004', message: 'A load from 0 to 0 sends nothing.' });
    if (load.requests.every(({ weight }) => weight === 0)) {
      check.report([...path, 'requests'], { code: 'DD5004', message: 'All weights are 0: no request would ever be taken.' });
    }
    for (const [j, request] of load.requests.entries()) checkRequest(check, [...path, 'requests', j], request, load.protocol);
  }
  if (planned > maxScenarioRequests) {
    const message = `The loads are ${Math.round(planned)} requests together; the limit is ${maxScenarioRequests}.`;
    check.report(['spec', 'load'], { code: 'DD5004', message, suggestion: 'Lower the rate or shorten the load.' });
  }
}

/** What could not be written on the wire, or would be by the load itself. */
function checkRequest(
  check: Checker,
  path: Path,
  { method, url, headers, body, message, messageBytes }: ScenarioSpec['load'][number]['requests'][number],
  protocol: ScenarioSpec['load'][number]['protocol'],
): void {
  const wrong = (at: Path, message: string) => check.report(at, { code: 'DD1104', message });
  if (!/^[A-Za-z]{1,30}$/.test(method) || /^connect$/i.test(method))
    wrong([...path, 'method'], `\`${method}\` is not a method a load can send.`);
  if (/[^\x21-\x7e]/.test(url)) wrong([...path, 'url'], 'A url has only printable ASCII characters: write the others as %C3%A9.');
  if (protocol === 'grpc') {
    if (!/^http:\/\/[^/]+\/[\w.]+\/\w+$/.test(url))
      wrong([...path, 'url'], 'The url of a gRPC call ends in /package.Service/Method.');
    if (body !== undefined) wrong([...path, 'body'], 'A gRPC call has a `message`, no body.');
    if (message !== undefined && messageBytes !== undefined)
      wrong([...path, 'messageBytes'], 'A gRPC call has one message: `message` or `messageBytes`.');
  } else if (message !== undefined || messageBytes !== undefined) {
    wrong([...path, message === undefined ? 'messageBytes' : 'message'], 'Only a load with `protocol: grpc` sends messages.');
  }
  for (const [name, value] of Object.entries(headers)) {
    const problem = headerProblem(name, value);
    if (problem !== '') wrong([...path, 'headers', name], problem);
  }
}

/** Headers that say how the message is framed or found again. */
const ownHeaders = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'expect',
  'te',
  'trailer',
  'traceparent',
]);

function headerProblem(name: string, value: string): string {
  if (ownHeaders.has(name.toLowerCase())) return `\`${name}\` is set by the load itself.`;
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return '';
  } catch (error) {
    return `${(error as Error).message}.`;
  }
}

/** Answers when the scenario ends. */
function checkTimes(check: Checker, spec: ScenarioSpec): number {
  const ends: { path: Path; ms: number; what: string }[] = [];
  for (const [i, load] of spec.load.entries()) {
    const path = ['spec', 'load', i];
    if (ms(load.for) === 0) check.report([...path, 'for'], { code: 'DD5003', message: 'A load of 0 s sends nothing.' });
    ends.push({ path: [...path, 'for'], ms: ms(load.at) + ms(load.for), what: `Load ${load.name} ends` });
  }
  for (const [i, fault] of spec.faults.entries()) {
    const what = `Fault ${fault.name} ${fault.for === undefined ? 'begins' : 'ends'}`;
    ends.push({
      path: ['spec', 'faults', i, fault.for === undefined ? 'at' : 'for'],
      ms: ms(fault.at) + ms(fault.for ?? '0s'),
      what,
    });
  }
  for (const [i, change] of spec.changes.entries()) {
    ends.push({ path: ['spec', 'changes', i, 'at'], ms: ms(change.at), what: `Change ${change.name} comes` });
  }
  const endMs = spec.duration === undefined ? Math.max(0, ...ends.map((end) => end.ms)) : ms(spec.duration);
  for (const { path, ms: at, what } of ends) {
    if (at > endMs)
      check.report(path, {
        code: 'DD5003',
        message: `${what} at ${at / 1000} s, after the scenario's end at ${endMs / 1000} s.`,
      });
  }
  const isTooLong = endMs > maxScenarioMs;
  if (endMs === 0 || isTooLong) {
    const message = isTooLong
      ? `It lasts ${endMs / 3_600_000} hours; the limit is 6.`
      : 'It lasts 0 s: give it a duration or a load.';
    check.report(['spec', 'duration'], { code: 'DD5003', message });
  }
  return endMs;
}

function checkWindow(check: Checker, path: Path, { during, event }: ScenarioSpec['expect'][number], endMs: number): void {
  const beyond = (at: Path, what: string, atMs: number) => {
    if (atMs <= endMs) return;
    const message = `${what} ${atMs / 1000} s lies after the scenario's end at ${endMs / 1000} s.`;
    check.report(at, { code: 'DD5003', message });
  };
  if (during) {
    const fromMs = ms(during.from);
    const toMs = during.to === undefined ? endMs : ms(during.to);
    if (fromMs >= toMs)
      check.report([...path, 'during'], { code: 'DD5003', message: 'The time it looks at is empty: from is not before to.' });
    if (during.to !== undefined) beyond([...path, 'during', 'to'], 'to:', toMs);
  }
  if (event?.within !== undefined) beyond([...path, 'event', 'within'], 'within:', ms(event.within));
}

function ms(duration: string): number {
  return parseDurationMs(duration) ?? 0;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
