/** Why a message was refused; `status` is what a client gets for it, an upstream's refusal is always a protocol error. */
export interface Http1Error {
  status: number;
  /** Stable, counted: `content-length`, `transfer-encoding`, `host` … */
  kind: string;
  detail: string;
}

export function isHttp1Error(value: object): value is Http1Error {
  return 'kind' in value && 'detail' in value;
}

export function refuse(status: number, kind: string, detail: string): Http1Error {
  return { status, kind, detail };
}
