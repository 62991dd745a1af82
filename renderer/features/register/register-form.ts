import type { RegisterService, Status, WorkloadStatus } from '../../../proxy/api/status.schema.ts';

/** The form as typed. */
export interface RegisterForm {
  name: string;
  port: string;
  protocol: RegisterService['protocol'] & string;
  version: string;
  address: string;
}

export const emptyForm: RegisterForm = { name: '', port: '', protocol: 'http', version: '', address: '' };

export type FormErrors = Partial<Record<keyof RegisterForm, string>>;

type KnownServices = Pick<Status, 'services' | 'workloads'>;

/** What is wrong, per field, in words that say what to write instead. `known` is the mesh as it is now. */
export function checkForm(form: RegisterForm, known: KnownServices | null): FormErrors {
  const errors: FormErrors = {};
  const set = (field: keyof RegisterForm, message: string | null) => {
    if (message !== null) errors[field] = message;
  };
  set('name', checkName(form.name.trim(), known));
  set('port', checkPort(form.port.trim()));
  set('version', checkVersion(form.version.trim()));
  set('address', checkAddress(form.address.trim(), known));
  return errors;
}

function checkName(name: string, known: KnownServices | null): string | null {
  if (name === '') return 'Give it the name that other services call it by, e.g. reviews.';
  const better = name.toLowerCase().replace(/[_\s.]+/g, '-');
  if (/[A-Z]/.test(name)) return `Lower case only: ${better}.`;
  if (/[_\s.]/.test(name)) return `No spaces, dots or underscores: ${better}.`;
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) return 'Letters, digits and dashes; a dash neither first nor last.';
  if (name.length > 63) return `At most 63 characters; this has ${name.length}.`;
  if (known?.services.some((service) => service.name === name)) return `The mesh already has a service ${name}.`;
  return null;
}

function checkPort(port: string): string | null {
  if (port === '') return 'The port that other services use for it, e.g. 9080.';
  if (!/^\d+$/.test(port)) return 'A port is a number.';
  if (Number(port) < 1 || Number(port) > 65_535) return 'A port is between 1 and 65535.';
  return null;
}

function checkVersion(version: string): string | null {
  if (version === '' || /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(version)) return null;
  return 'A version is a label such as v1: letters, digits, dashes, dots and underscores, at most 63.';
}

function checkAddress(address: string, known: KnownServices | null): string | null {
  if (address === '') return 'Where your process listens, e.g. 127.0.0.1:9081.';
  if (/^https?:\/\//.test(address)) return `Without the scheme: ${address.replace(/^https?:\/\//, '').replace(/\/.*$/, '')}.`;
  if (/^\d+$/.test(address)) return `With a host: 127.0.0.1:${address}.`;
  const parts = /^(\[[0-9a-fA-F:.]+\]|[^:\s/]+):(\d{1,5})$/.exec(address);
  if (!parts) return 'An address is host:port, e.g. 127.0.0.1:9081.';
  if (Number(parts[2]) < 1 || Number(parts[2]) > 65_535) return 'Its port is between 1 and 65535.';
  const sidecar = known?.workloads.find(({ inbound }) => inbound === address);
  if (sidecar) return `That is the sidecar of ${sidecar.id}; its process listens on ${sidecar.app}.`;
  return null;
}

export function toRequest(form: RegisterForm): RegisterService {
  const version = form.version.trim();
  return {
    name: form.name.trim(),
    port: Number(form.port),
    protocol: form.protocol,
    ...(version === '' ? {} : { version }),
    address: form.address.trim(),
  };
}

/** What the app's process needs so that its own calls enter the mesh. The mesh reaches loopback itself, so NO_PROXY keeps only the rest out. */
export function environmentLines(workload: Pick<WorkloadStatus, 'outbound'>): string {
  return [`HTTP_PROXY=${workload.outbound}`, `http_proxy=${workload.outbound}`, 'NO_PROXY=127.0.0.1,localhost'].join('\n');
}
