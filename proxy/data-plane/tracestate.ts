/*
 * W3C tracestate: what tracers along the way noted for themselves, `vendor=value` members, the latest leftmost.
 * https://www.w3.org/TR/trace-context/#tracestate-header
 */

/** Whoever passes a tracestate on keeps at least these many members; more may be cut off at the right. */
const maxMembers = 32;
const ownKey = 'drydock';
const member = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** The members as they came, empty ones left out; '' when one is malformed, which makes all of it worth nothing, but not the traceparent. */
export function readTracestate(value: string | undefined): string {
  if (value === undefined) return '';
  const members = value.split(',').flatMap((text) => text.trim() || []);
  return members.every((text) => member.test(text)) ? members.join(',') : '';
}

/** Our own entry leftmost and once, and never more members than may be. */
export function addOwnMember(tracestate: string, spanId: string): string {
  const others = tracestate.split(',').filter((text) => !text.startsWith(`${ownKey}=`));
  return [`${ownKey}=${spanId}`, ...others.slice(0, maxMembers - 1)].join(',');
}
