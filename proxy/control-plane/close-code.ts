/** Whether a WebSocket's close code may be sent: RFC 6455 §7.4, 1005, 1006 and 1015 never are. */
export function isSendableCode(code: number): boolean {
  if (code >= 3000 && code < 5000) return true;
  return code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
}
