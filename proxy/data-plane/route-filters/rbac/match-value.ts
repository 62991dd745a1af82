import { isIP } from 'node:net';

/** Values as AuthorizationPolicy writes them: exact, `abc*`, `*abc`, `*` = anything that is not empty. */
export function compileValue(pattern: string, ignoreCase = false): (value: string) => boolean {
  const fold = ignoreCase ? (text: string) => text.toLowerCase() : (text: string) => text;
  const folded = fold(pattern);
  if (pattern === '*') return (value) => value !== '';
  if (folded.startsWith('*')) return (value) => fold(value).endsWith(folded.slice(1));
  if (folded.endsWith('*')) return (value) => fold(value).startsWith(folded.slice(0, -1));
  return (value) => fold(value) === folded;
}

/**
 * `issuer/subject`, divided at the last slash, judged part by part; what is compared is `issuer\\nsubject`. A prefix or suffix without a slash
 * is of the issuer or the subject, the other part may be anything but empty (istiod: requestPrincipalGenerator).
 */
export function compileRequestPrincipal(pattern: string): (principal: string) => boolean {
  const slash = pattern.lastIndexOf('/');
  const [issuer, subject] = slash < 0 ? [pattern, ''] : [pattern.slice(0, slash), pattern.slice(slash + 1)];
  const exactly = (wanted: string) => (value: string) => value === wanted;
  const [isIssuer, isSubject] = ((): [(value: string) => boolean, (value: string) => boolean] => {
    if (pattern === '*') return [compileValue('*'), compileValue('*')];
    if (pattern.startsWith('*'))
      return slash < 0 ? [compileValue('*'), compileValue(pattern)] : [compileValue(issuer), exactly(subject)];
    if (pattern.endsWith('*'))
      return slash < 0 ? [compileValue(pattern), compileValue('*')] : [exactly(issuer), compileValue(subject)];
    return [exactly(issuer), exactly(subject)];
  })();
  return (principal) => {
    const at = principal.indexOf('\n');
    return isIssuer(principal.slice(0, at)) && isSubject(principal.slice(at + 1));
  };
}

/**
 * Paths: as values, or URI templates when they hold `{*}` (one segment) or `{**}` (any text, across slashes).
 * https://istio.io/latest/docs/reference/config/security/authorization-policy/#Operation
 */
export function compilePath(pattern: string): (path: string) => boolean {
  if (!pattern.includes('{*}') && !pattern.includes('{**}')) return compileValue(pattern);
  const segments = pattern.split('/');
  return (path) => matchSegments(segments, path.split('/'), 0, 0);
}

/** `{**}` may appear once or twice; paths are short, so plain recursion over its lengths will do. */
function matchSegments(pattern: string[], path: string[], p: number, s: number): boolean {
  if (p === pattern.length) return s === path.length;
  const segment = pattern[p]!;
  if (segment.includes('{**}')) {
    const [before = '', after = ''] = segment.split('{**}');
    for (let end = s + 1; end <= path.length; end += 1) {
      const covered = path.slice(s, end).join('/');
      const fits = covered.length >= before.length + after.length && covered.startsWith(before) && covered.endsWith(after);
      if (fits && matchSegments(pattern, path, p + 1, end)) return true;
    }
    return false;
  }
  const actual = path[s];
  if (actual === undefined) return false;
  return segmentFits(segment, actual) && matchSegments(pattern, path, p + 1, s + 1);
}

function segmentFits(segment: string, actual: string): boolean {
  if (!segment.includes('{*}')) return segment === actual;
  const [before = '', after = ''] = segment.split('{*}');
  return actual.length > before.length + after.length && actual.startsWith(before) && actual.endsWith(after);
}

/** `127.0.0.1:50412` → `127.0.0.1`, `[::1]:1` → `::1`. */
export function addressWithoutPort(address: string): string {
  const bracket = /^\[([^\]]*)\](?::\d+)?$/.exec(address);
  if (bracket !== null) return bracket[1]!;
  return isIP(address) !== 0 ? address : address.replace(/:\d+$/, '');
}
