export interface Authority {
  /** Lower case, without port; IPv6 literals keep their brackets. */
  host: string;
  /** 0 when the authority names none. */
  port: number;
}

/** Splits a Host or :authority value: `ratings`, `Ratings:9080`, `[::1]:8080`. An empty port, or one that is no number, is none (0). */
export function splitAuthority(authority: string): Authority {
  const start = portStart(authority);
  if (start === -1) return { host: (authority.endsWith(':') ? authority.slice(0, -1) : authority).toLowerCase(), port: 0 };
  return { host: authority.slice(0, start).toLowerCase(), port: Number(authority.slice(start + 1)) };
}

/** Index of the `:` before the port, -1 without one. Envoy's HeaderUtility::getPortStart. */
export function portStart(authority: string): number {
  const colon = authority.lastIndexOf(':');
  if (colon === -1) return -1;
  // `[::1]` has colons but no port; `::1` without brackets is taken as a bare IPv6 address.
  if (authority.lastIndexOf(']') > colon) return -1;
  if (authority.indexOf(':') !== colon && !authority.includes(']')) return -1;
  const digits = authority.length - colon - 1;
  if (digits < 1 || digits > 5) return -1;
  for (let i = colon + 1; i < authority.length; i += 1) {
    const code = authority.charCodeAt(i);
    if (code < 48 || code > 57) return -1;
  }
  return Number(authority.slice(colon + 1)) <= 65535 ? colon : -1;
}

/** The path without query and fragment, which is what uri matches and rewrites look at (Envoy PathUtil::removeQueryAndFragment). */
export function pathWithoutQuery(path: string): string {
  for (let i = 0; i < path.length; i += 1) {
    const code = path.charCodeAt(i);
    if (code === 63 || code === 35) return path.slice(0, i);
  }
  return path;
}
