/**
 * Envoy's response flags in words. Meaning as in Envoy's access log documentation (%RESPONSE_FLAGS%); `look` says where a person
 * with this flag in front of them looks next.
 */
export interface ResponseFlag {
  title: string;
  look: string;
}

export const responseFlags: Readonly<Record<string, ResponseFlag | undefined>> = {
  UH: {
    title: 'No healthy upstream host',
    look: 'Every host is ejected or unready: look at the cluster’s endpoints and at outlier ejection.',
  },
  UF: { title: 'Could not connect to the upstream', look: 'The destination’s process is down, or its port is wrong.' },
  UO: {
    title: 'Upstream overflow: a connection pool limit refused',
    look: 'A circuit breaker: compare the limits of the destination rule with the load.',
  },
  UC: {
    title: 'The upstream closed the connection',
    look: 'The app ended the connection before it answered: a crash, or a keep-alive shorter than the proxy’s.',
  },
  UR: { title: 'The upstream reset the request', look: 'The app, or a fault, reset the stream after accepting it.' },
  UT: {
    title: 'The upstream took longer than the timeout',
    look: 'The route’s timeout, or the per-try timeout; see Decision for the value in force.',
  },
  URX: { title: 'Retries are used up', look: 'Every attempt failed: the Attempts tab has each one with its reason.' },
  UPE: { title: 'The upstream broke the protocol', look: 'The app sent something that is not valid HTTP.' },
  UMSDR: { title: 'The upstream reached its longest stream duration', look: 'The route’s maximum stream duration.' },
  NR: { title: 'No route matched', look: 'No rule for this host and path: try Explain with the same request.' },
  NC: { title: 'The cluster does not exist', look: 'A route names a subset that no destination rule defines.' },
  NFCF: { title: 'The filter configuration is missing', look: 'A filter’s configuration did not arrive.' },
  DC: { title: 'The caller closed the connection', look: 'The client gave up: its own timeout is shorter than the answer took.' },
  DPE: { title: 'The caller broke the protocol', look: 'The request was not valid HTTP.' },
  DT: { title: 'The request or connection lasted too long', look: 'The duration limit of the listener or connection.' },
  DI: { title: 'Delayed by an injected fault', look: 'A fault of a VirtualService or of Drydock added the delay.' },
  FI: { title: 'Aborted by an injected fault', look: 'A fault answered; the destination never saw this request.' },
  RL: { title: 'Refused by the local rate limit', look: 'The rate limit of the filter, answered with 429.' },
  RLSE: { title: 'The rate limit service failed', look: 'The rate limit service did not answer.' },
  RFCF: { title: 'The rate limit filter is misconfigured', look: 'The rate limit filter’s configuration.' },
  UAEX: { title: 'Refused by external authorization', look: 'The authorization service or policy denied it.' },
  IH: { title: 'A strictly checked header had an invalid value', look: 'The value of an x-envoy-… request header.' },
  SI: { title: 'The stream was idle too long', look: 'The idle timeout of the stream.' },
  LH: { title: 'The local service failed its health check', look: 'The health check of the app behind this sidecar.' },
  LR: { title: 'The connection was reset on this side', look: 'This proxy reset the connection, for example while draining.' },
  OM: { title: 'Refused by the overload manager', look: 'The proxy is short of memory or connections.' },
  DF: { title: 'The name could not be resolved', look: 'DNS for the upstream’s name.' },
  DO: { title: 'Dropped by load shedding', look: 'The drop settings of the cluster.' },
  DR: { title: 'The caller reset the stream', look: 'The client cancelled the request.' },
};

/** `UF,URX` → each flag with its words; an unknown flag is named as such. */
export function explainFlags(flags: string): { flag: string; title: string; look: string }[] {
  return flags
    .split(',')
    .filter((flag) => flag !== '')
    .map((flag) => ({ flag, ...(responseFlags[flag] ?? { title: 'A flag Drydock has no words for', look: '' }) }));
}
