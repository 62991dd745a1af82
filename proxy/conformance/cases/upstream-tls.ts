import type { Case, Document, Group } from '../case.ts';
import { toHost } from '../documents.ts';

/* §2 tls: what a DestinationRule's TLS means to the client, the app, and the reasons told when it fails. */

const refusedBody = 'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure';
const closedBody = 'upstream connect error or disconnect/reset before headers. reset reason: connection termination';
const served = (headers: Case['expect']['headers'] = {}): Case['expect'] => ({ status: 200, attempts: 1, flags: '', headers });
const refused = (details: RegExp): Case['expect'] => ({ status: 503, body: refusedBody, attempts: 0, flags: 'UF', details });
/** In TLS 1.3 the client has finished its handshake when the app refuses the certificate: to the request it is a closed connection. */
const cutOff: Case['expect'] = { status: 503, body: closedBody, attempts: 0, flags: 'UC', details: /connection_termination\}$/ };
const verifyFailed =
  /^upstream_reset_before_response_started\{remote_connection_failure\|TLS_error:.*CERTIFICATE_VERIFY_FAILED:verify_cert_failed:/;

const group = (id: string, tls: Document, name: string, expect: Case['expect'], more: Partial<Group> = {}): Group => ({
  id,
  source: '§2 tls modes',
  endpoints: ['tls'],
  trafficPolicy: { tls },
  http: [{ retries: { attempts: 0 }, route: [toHost()] }],
  cases: [{ name, expect }],
  ...more,
});
const ca = '$CERTS/ca.pem';
const simple = (more: Document = {}): Document => ({ mode: 'SIMPLE', caCertificates: ca, ...more });
const mutual = (who: string, more: Document = {}): Document => ({
  ...simple({ sni: 'server.case', ...more }),
  mode: 'MUTUAL',
  clientCertificate: `$CERTS/${who}.pem`,
  privateKey: `$CERTS/${who}.key`,
});

export const upstreamTlsGroups: readonly Group[] = [
  group('tls-sni', simple({ sni: 'server.case' }), 'SIMPLE: the given server name, and a certificate of the CA', {
    ...served({ 'x-sni': 'server.case', 'x-client': 'none' }),
  }),
  group(
    'tls-sni-other',
    simple({ sni: 'other.case' }),
    'a server name of one’s own is not looked for in the certificate',
    served({ 'x-sni': 'other.case' }),
  ),
  group(
    'tls-host',
    simple(),
    'without sni it is the request’s host, which the certificate must carry',
    served({ 'x-sni': 'server.case' }),
    {
      host: 'server.case',
    },
  ),
  group('tls-host-wildcard', simple(), 'by a wildcard of the certificate too', served({ 'x-sni': 'x.wild.case' }), {
    host: 'x.wild.case',
  }),
  group('tls-host-refused', simple(), 'a certificate for another host is refused', refused(verifyFailed)),
  group('tls-host-rewritten', simple(), 'a rewritten host is the server name', served({ 'x-sni': 'server.case' }), {
    http: [{ rewrite: { authority: 'server.case' }, retries: { attempts: 0 }, route: [toHost()] }],
  }),
  group(
    'tls-san',
    simple({ subjectAltNames: ['nobody.case', 'server.case'] }),
    'subjectAltNames: one of them is enough',
    served(),
  ),
  group('tls-san-uri', simple({ subjectAltNames: ['spiffe://case/server'] }), 'a URI among them', served()),
  group(
    'tls-san-wildcard',
    simple({ subjectAltNames: ['y.wild.case'] }),
    'a name a wildcard of the certificate covers',
    served(),
  ),
  group(
    'tls-san-refused',
    simple({ sni: 'server.case', subjectAltNames: ['other.case'] }),
    'none of the subjectAltNames: refused',
    refused(verifyFailed),
  ),
  group(
    'tls-ca-refused',
    { mode: 'SIMPLE', sni: 'server.case', caCertificates: '$CERTS/other-ca.pem' },
    'a certificate of another CA: refused',
    refused(verifyFailed),
  ),
  group(
    'tls-skip',
    { mode: 'SIMPLE', insecureSkipVerify: true },
    'insecureSkipVerify: any certificate',
    served({ 'x-sni': 'tls-skip.case' }),
  ),
  group('tls-mutual', mutual('client'), 'MUTUAL: the app sees our certificate', served({ 'x-client': 'DNS:client.case' }), {
    endpoints: ['mtls'],
  }),
  group('tls-mutual-stranger', mutual('stranger'), 'a certificate the app does not know: refused', cutOff, {
    endpoints: ['mtls'],
  }),
  group('tls-mutual-none', simple({ sni: 'server.case' }), 'SIMPLE to an app that asks for a certificate: refused', cutOff, {
    endpoints: ['mtls'],
  }),
  group('tls-plain', { mode: 'DISABLE' }, 'DISABLE to an app that speaks TLS: it ends the connection', {
    status: 503,
    flags: 'UC',
    attempts: 0,
  }),
  group(
    'tls-retried',
    simple({ sni: 'server.case', subjectAltNames: ['other.case'] }),
    'a refusal is a connect failure: retried on the other endpoint',
    { status: 503, flags: 'URX,UF' },
    { http: [{ retries: { attempts: 1, retryOn: 'connect-failure' }, route: [toHost()] }] },
  ),
];
