export interface TemplateTarget {
  service: string;
  /** Where calls go in, from outside: `http://reviews.localhost/`. */
  url: string;
  /** Its versions, oldest first. */
  versions: readonly string[];
  /** A DestinationRule of the mesh detects its outliers; else the drill brings one for as long as it runs. */
  detects: boolean;
}

export interface Template {
  id: string;
  title: string;
  words: string;
  /** Versions the target needs. */
  needs: number;
  yaml: (target: TemplateTarget) => string;
}

const head = (name: string, description: string) =>
  `apiVersion: drydock.dev/v1\nkind: Scenario\nmetadata: {name: ${name}}\nspec:\n  description: ${description}\n`;
const load = (url: string, rate: number, seconds: number) =>
  `  load:\n    - name: callers\n      rate: ${rate}\n      for: ${seconds}s\n      requests: [{url: '${url}'}]\n`;

/** Outliers are nobody's default: without a rule no host is ever ejected, and with Istio's 10 % none of a small pool. */
const detector = (service: string) => `  changes:
    - name: detector
      at: 0s
      apply:
        - apiVersion: networking.istio.io/v1
          kind: DestinationRule
          metadata: {name: ${service}-drill}
          spec:
            host: ${service}
            trafficPolicy:
              outlierDetection: {consecutive5xxErrors: 5, interval: 2s, baseEjectionTime: 10s, maxEjectionPercent: 100}
`;

/** Three drills to begin with; each is a whole document that can be run as it is and edited. */
export const templates: readonly Template[] = [
  {
    id: 'ejection',
    title: 'Ejection drill',
    words: 'One version, or the whole service, fails for a while. Is a host taken out of the pool, and do callers notice?',
    needs: 1,
    yaml: ({ service, url, versions, detects }) =>
      `${head(`${service}-ejection`, `One version of ${service} fails; its host should be ejected, and come back`)}${load(url, 20, 50)}${detects ? '' : detector(service)}  faults:
    - name: sick
      at: 5s
      for: 10s
      spec:
        to: {service: ${service}${versions[0] ? `, version: ${versions[0]}` : ''}}
        abort: {httpStatus: 503}
  expect:
    - name: a host is ejected soon
      event: {type: endpoint.ejected, subject: ${service}, after: sick, within: 8s}
    - name: no retry storm
      that: attempts < 1.5
    - name: it is taken back
      event: {type: endpoint.returned, subject: ${service}, after: sick}
`,
  },
  {
    id: 'canary',
    title: 'Canary',
    words: 'Traffic moves to the newest version in steps; errors and latency must hold at each.',
    needs: 2,
    yaml: ({ service, url, versions }) => {
      const [from, to] = [versions[0]!, versions.at(-1)!];
      const shift = (name: string, at: number, share: number) =>
        `    - {name: ${name}, at: ${at}s, shift: {service: ${service}, weights: {${from}: ${100 - share}, ${to}: ${share}}}}\n`;
      return `${head(`${service}-canary`, `${service} goes from ${from} to ${to} in three steps`)}${load(url, 30, 40)}  changes:
${shift('ten', 5, 10)}${shift('half', 15, 50)}${shift('all', 28, 100)}  expect:
    - {that: errors < 1%, abortOnFail: true, delayAbort: 5s}
    - {that: p(95) < 500ms}
    - name: a tenth went to ${to}
      that: share(${to}) < 20%
      during: {from: 6s, to: 14s}
    - name: in the end all of it
      that: share(${to}) > 99%
      during: {from: 30s}
`;
    },
  },
  {
    id: 'retries',
    title: 'Retry storm',
    words: 'The service slows down and fails. Do retries multiply the load on it?',
    needs: 1,
    yaml: ({ service, url }) =>
      `${head(`${service}-retry-storm`, `${service} is slow and fails a third of the time; retries must stay bounded`)}${load(url, 30, 30)}  faults:
    - name: in-trouble
      at: 5s
      for: 15s
      spec:
        to: {service: ${service}}
        percentage: 33
        delay: {fixed: 100ms}
        abort: {httpStatus: 503}
  expect:
    - name: at most three tries for one request
      that: max_attempts <= 3
    - name: no storm
      that: retries < 0.5
    - name: it recovers
      that: errors < 1%
      during: {from: 23s}
`,
  },
];
