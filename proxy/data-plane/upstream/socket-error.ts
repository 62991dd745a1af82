const words: Record<string, string> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EPIPE: 'Broken pipe',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ETIMEDOUT: 'Connection timed out',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EMFILE: 'Too many open files',
  ENFILE: 'Too many open files in system',
  ENOTFOUND: 'DNS resolution failed',
  EAI_AGAIN: 'DNS resolution failed temporarily',
};

/**
 * A socket's failure in the words Envoy puts into a reset reason: strerror's for the network, OpenSSL's reason for TLS.
 */
export function describeSocketError(error: Error): string {
  const first = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  const code = 'code' in first && typeof first.code === 'string' ? first.code : '';
  const known = words[code];
  if (known !== undefined) return known;
  if ('reason' in first && typeof first.reason === 'string' && 'library' in first) return `TLS_error:${first.reason}`;
  if (isTlsError(first) && !code.startsWith('ERR_'))
    return `TLS_error:CERTIFICATE_VERIFY_FAILED:verify cert failed: X509_verify_cert: ${first.message.replaceAll('-', ' ').trim()}`;
  if (isTlsError(first)) return `TLS_error:${first.message.replace(/\s+/g, ' ').trim() || code}`;
  return first.message === '' ? code : first.message;
}

/** OpenSSL's own errors and chain verification codes, as Node reports them. */
export function isTlsError(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return 'library' in error || /^ERR_(SSL|TLS)_/.test(code) || /CERT|SIGNATURE|_ISSUER|CRL|SELF_SIGNED/.test(code);
}
