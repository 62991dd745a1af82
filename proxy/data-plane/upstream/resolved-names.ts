import { lookup } from 'node:dns';
import { isIPv4 } from 'node:net';
import type { Clock, Timer } from '../clock.ts';

/*
 * Names of DNS clusters, kept resolved while somebody watches them, as Envoy's STRICT_DNS and LOGICAL_DNS do: asked again every minute
 * (Istio's dnsRefreshRate; the system's resolver tells no TTL), after a failure every five seconds. A name that cannot be asked about keeps
 * its last answer; one that does not exist any more has none.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/service_discovery
 */

/** Addresses of a name, [] when it has none; null when nobody could say. Never rejects. */
export type ResolveName = (name: string) => Promise<string[] | null>;

const REFRESH_MS = 60_000;
const FAILURE_REFRESH_MS = 5_000;

/** One cluster's interest in a name. */
export interface NameWatch {
  /** null until the first answer, which may be a failure and then is []. */
  readonly addresses: readonly string[] | null;
  close(): void;
}

interface Entry {
  addresses: readonly string[] | null;
  watchers: Set<(addresses: readonly string[]) => void>;
  timer: Timer | null;
}

export class ResolvedNames {
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #resolve: ResolveName;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Pick<Clock, 'setTimer'>, resolve: ResolveName = resolveBySystem) {
    this.#clock = clock;
    this.#resolve = resolve;
  }

  /** Follows a name; `onAnswer` is called, later, with the first answer and with every one that is different. */
  watch(name: string, onAnswer: (addresses: readonly string[]) => void): NameWatch {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { addresses: null, watchers: new Set(), timer: null };
      this.#entries.set(name, entry);
      void this.#ask(name, entry);
    }
    const watched = entry;
    watched.watchers.add(onAnswer);
    return {
      get addresses() {
        return watched.addresses;
      },
      close: () => {
        watched.watchers.delete(onAnswer);
        if (watched.watchers.size > 0) return;
        watched.timer?.cancel();
        if (this.#entries.get(name) === watched) this.#entries.delete(name);
      },
    };
  }

  async #ask(name: string, entry: Entry): Promise<void> {
    const answer = await this.#resolve(name);
    if (this.#entries.get(name) !== entry) return;
    const wait = answer === null || answer.length === 0 ? FAILURE_REFRESH_MS : REFRESH_MS;
    entry.timer = this.#clock.setTimer(() => void this.#ask(name, entry), wait);
    const next = answer ?? entry.addresses ?? [];
    const first = entry.addresses === null;
    if (!first && sameAddresses(next, entry.addresses ?? [])) return;
    entry.addresses = next;
    for (const onAnswer of [...entry.watchers]) onAnswer(next);
  }
}

/** The order counts: of a name with one logical host the first address is dialled. */
function sameAddresses(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((address, index) => address === b[index]);
}

/**
 * By the system, hosts file included; IPv4 where there is any. A name that means this machine in both families stays a name: an app listens
 * on one of the two, and whoever dials the name tries both.
 */
export const resolveBySystem: ResolveName = (name) =>
  new Promise((resolve) => {
    lookup(name, { all: true }, (error, found) => {
      if (error !== null) {
        resolve(error.code === 'ENOTFOUND' ? [] : null);
        return;
      }
      const addresses = [...new Set(found.map(({ address }) => address))];
      const four = addresses.filter((address) => isIPv4(address));
      const six = addresses.filter((address) => !isIPv4(address));
      const bothLoopbacks = four.length === 1 && four[0]!.startsWith('127.') && six.length === 1 && six[0] === '::1';
      if (bothLoopbacks) resolve([name]);
      else resolve(four.length > 0 ? four : six);
    });
  });
