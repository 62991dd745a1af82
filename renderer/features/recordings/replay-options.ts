import type { ReplayRequest } from '../../../proxy/api/replay.schema.ts';

/** What the dialog holds while somebody fills it in. */
export interface ReplayOptions {
  rhythm: Rhythm;
  maxIdle: boolean;
  /** In flight at most; '' as the engine has it. */
  concurrency: string;
  to: string;
  address: string;
  allowRemote: boolean;
  /** Hosts off this machine that recorded calls go to, which somebody agreed to. */
  confirmed: readonly string[];
  ignore: string;
  unordered: string;
  tolerance: string;
  noise: boolean;
  noiseWrites: boolean;
  cookies: boolean;
  /** Suggested rules that are on. */
  suggested: readonly string[];
  ownVariables: string;
  streams: ReplayRequest['streams'];
  /** What the called services call: the services themselves, or this recording in their place. */
  dependencies: ReplayRequest['dependencies'];
}

export type Rhythm = '1' | '2' | '10' | 'fast' | 'one-by-one';
export const rhythms: readonly { value: Rhythm; label: string }[] = [
  { value: '1', label: 'As it was' },
  { value: '2', label: 'Twice as fast' },
  { value: '10', label: 'Ten times as fast' },
  { value: 'fast', label: 'As fast as possible' },
  { value: 'one-by-one', label: 'One by one' },
];

export const emptyOptions: ReplayOptions = {
  rhythm: '10',
  maxIdle: true,
  concurrency: '',
  to: '',
  address: '',
  allowRemote: false,
  confirmed: [],
  ignore: '',
  unordered: '',
  tolerance: '',
  noise: false,
  noiseWrites: false,
  cookies: true,
  suggested: [],
  ownVariables: '',
  streams: 'lock-step',
  dependencies: 'live',
};

/** `service=` chosen with an address still to be written. */
export const isAddressTarget = (to: string): boolean => to.endsWith('=');

/** The host of an address off this machine; '' for loopback, and for what is no address yet. */
export function remoteHost({ to, address }: ReplayOptions): string {
  if (!isAddressTarget(to) || !URL.canParse(address)) return '';
  const host = new URL(address).hostname.replace(/^\[|\]$/g, '');
  const local = host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
  return local ? '' : host;
}

export function toRequest(options: ReplayOptions): Partial<ReplayRequest> {
  const { rhythm, to, address } = options;
  const target = isAddressTarget(to) ? `${to}${address.trim()}` : to;
  const pace = rhythm === 'fast' || rhythm === 'one-by-one' ? rhythm : 'original';
  return {
    speed: pace === 'original' ? Number(rhythm) : 1,
    pace,
    ...(options.maxIdle && pace === 'original' ? { maxIdle: '5s' } : {}),
    ...(target === '' ? {} : { to: target }),
    ...(concurrencyOf(options) === null ? {} : { concurrency: concurrencyOf(options)! }),
    confirmRemote: [...(options.allowRemote && remoteHost(options) !== '' ? [remoteHost(options)] : []), ...options.confirmed],
    diff: true,
    ignore: words(options.ignore),
    unordered: words(options.unordered),
    tolerance: words(options.tolerance),
    noise: options.noise,
    noiseWrites: options.noise && options.noiseWrites,
    cookies: options.cookies,
    variables: [...options.suggested, ...lines(options.ownVariables)],
    streams: options.streams,
    dependencies: options.dependencies,
  };
}

/** Calls under way at most; null: not said. NaN for what is no number the engine takes. */
export function concurrencyOf({ concurrency, rhythm }: ReplayOptions): number | null {
  if (concurrency.trim() === '' || rhythm === 'one-by-one') return null;
  const value = Number(concurrency);
  return Number.isInteger(value) && value >= 1 && value <= 1000 ? value : Number.NaN;
}

const words = (text: string): string[] => split(text, /[,\n]/);
const lines = (text: string): string[] => split(text, /[;\n]/);
const split = (text: string, at: RegExp): string[] =>
  text
    .split(at)
    .map((part) => part.trim())
    .filter((part) => part !== '');
