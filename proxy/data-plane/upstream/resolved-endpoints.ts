import { isIP } from 'node:net';
import type { ClusterSnapshot, EndpointSnapshot } from '../snapshot.ts';
import type { NameWatch, ResolvedNames } from './resolved-names.ts';

/*
 * Endpoints of one cluster with their names resolved. `dns` (STRICT_DNS): every address of every name is a host of its own, with the
 * endpoint's weight, labels and locality. `dns-round-robin` (LOGICAL_DNS): a name is one host, new connections go to its first address.
 * A name without an address has no host, so a cluster may have none at all: UH.
 */

export class ResolvedEndpoints {
  readonly #names: ResolvedNames;
  readonly #onChange: () => void;
  readonly #watches = new Map<string, NameWatch>();
  #pending: { settled: Promise<void>; settle: () => void } | null = null;
  #closing = false;

  constructor(names: ResolvedNames, onChange: () => void) {
    this.#names = names;
    this.#onChange = onChange;
  }

  /** Settles when every name has had an answer; null when all have. */
  get pending(): Promise<void> | null {
    return this.#pending?.settled ?? null;
  }

  /** Watches the names of this snapshot, and no others. */
  follow(cluster: ClusterSnapshot): void {
    const wanted = new Set(isResolved(cluster) ? cluster.endpoints.filter(isNamed).map(({ host }) => host) : []);
    for (const [name, watch] of this.#watches) {
      if (wanted.has(name)) continue;
      watch.close();
      this.#watches.delete(name);
    }
    for (const name of wanted) {
      if (!this.#watches.has(name))
        this.#watches.set(
          name,
          this.#names.watch(name, () => this.#onAnswer()),
        );
    }
    if (this.#waiting && this.#pending === null) {
      let settle = (): void => {};
      const settled = new Promise<void>((resolve) => {
        settle = resolve;
      });
      this.#pending = { settled, settle };
    } else this.#settle();
  }

  endpointsOf(cluster: ClusterSnapshot): { endpoint: EndpointSnapshot; dialHost: string }[] {
    if (!isResolved(cluster)) return cluster.endpoints.map((endpoint) => ({ endpoint, dialHost: '' }));
    return cluster.endpoints.flatMap((endpoint) => {
      if (!isNamed(endpoint)) return [{ endpoint, dialHost: '' }];
      const addresses = this.#watches.get(endpoint.host)?.addresses ?? [];
      if (cluster.discovery === 'dns') return addresses.map((host) => ({ endpoint: { ...endpoint, host }, dialHost: '' }));
      return addresses.slice(0, 1).map((dialHost) => ({ endpoint, dialHost }));
    });
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
    this.#settle();
  }

  /** Requests that wait for the first answer still get it. */
  closeAfterFirstAnswer(): void {
    this.#closing = true;
    if (!this.#waiting) this.close();
  }

  get #waiting(): boolean {
    return [...this.#watches.values()].some(({ addresses }) => addresses === null);
  }

  #onAnswer(): void {
    this.#onChange();
    if (this.#closing) this.closeAfterFirstAnswer();
    else this.#settle();
  }

  #settle(): void {
    if (this.#pending === null || this.#waiting) return;
    this.#pending.settle();
    this.#pending = null;
  }
}

const isResolved = ({ discovery }: ClusterSnapshot): boolean => discovery === 'dns' || discovery === 'dns-round-robin';
const isNamed = ({ host, workload }: EndpointSnapshot): boolean => workload === '' && isIP(host) === 0;
