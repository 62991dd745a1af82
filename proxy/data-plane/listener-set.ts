import type net from 'node:net';
import type { Diagnostic } from '../api/diagnostic.schema.ts';
import { BoundListener } from './bound-listener.ts';
import type { ListenerSnapshot, ProxySnapshot, BoundListener as WhereBound } from './snapshot.ts';

type Wanted = ReadonlyMap<string, { proxy: ProxySnapshot; listener: ListenerSnapshot }>;

/** Ports a snapshot asks for that are not open yet, bound and silent: connections wait until it is in force. */
export interface OpenedListeners {
  opened: ReadonlyMap<string, BoundListener>;
  /** Every listener of the snapshot, those that stay included. */
  bound: WhereBound[];
}

/**
 * The ports of this worker's proxies, through snapshots:
 *
 *   open (bind what is new) ─▶ switchTo (serve it) ─▶ settle (stop what is gone)
 *                           └▶ abandon (close it again)
 */
export class ListenerSet {
  readonly #serving = new Map<string, BoundListener>();
  readonly #gone = new Map<string, BoundListener>();
  readonly #accept: (key: string, socket: net.Socket) => void;
  readonly #onGone: (key: string) => void;

  constructor(deps: { accept: (key: string, socket: net.Socket) => void; onGone: (key: string) => void }) {
    this.#accept = deps.accept;
    this.#onGone = deps.onGone;
  }

  get connections(): number {
    return [...this.#serving.values()].reduce((sum, { sockets }) => sum + sockets.size, 0);
  }

  /** What cannot be bound comes back as diagnostics, and nothing of it stays open. */
  async open(wanted: Wanted): Promise<OpenedListeners | Diagnostic[]> {
    const opened = new Map<string, BoundListener>();
    const diagnostics: Diagnostic[] = [];
    const opening: Promise<void>[] = [];
    for (const [key, { proxy, listener }] of wanted) {
      if (this.#keeps(key, listener)) continue;
      opening.push(
        BoundListener.open(proxy.id, listener).then((result) => {
          if (result instanceof BoundListener) opened.set(key, result);
          else diagnostics.push(result);
        }),
      );
    }
    await Promise.all(opening);
    if (diagnostics.length > 0) {
      this.abandon({ opened });
      return diagnostics;
    }
    const bound = [...wanted.keys()].map((key) => placeOf((opened.get(key) ?? this.#serving.get(key))!));
    return { opened, bound };
  }

  abandon({ opened }: Pick<OpenedListeners, 'opened'>): void {
    for (const listener of opened.values()) {
      listener.stopAccepting();
      listener.cut();
    }
  }

  /** What the snapshot no longer has goes on until `settle`: other workers may still send there. */
  switchTo(wanted: Wanted, { opened }: OpenedListeners): void {
    this.settle();
    for (const [key, bound] of this.#serving) {
      if (wanted.has(key) && !opened.has(key)) continue;
      this.#gone.set(key, bound);
      this.#serving.delete(key);
    }
    for (const [key, bound] of opened) {
      bound.serve((socket) => this.#accept(key, socket));
      this.#serving.set(key, bound);
    }
  }

  /** Listeners that are gone stop; their connections end after the request in progress. */
  settle(): void {
    for (const [key, bound] of this.#gone) {
      bound.stopAccepting();
      this.#onGone(key);
    }
    this.#gone.clear();
  }

  at(key: string): { host: string; port: number } | undefined {
    return this.#serving.get(key);
  }

  stopAccepting(): void {
    this.settle();
    for (const listener of this.#serving.values()) listener.stopAccepting();
  }

  /** Cuts everything. Returns how many connections that were. */
  close(): number {
    let cut = 0;
    this.settle();
    for (const listener of this.#serving.values()) {
      listener.stopAccepting();
      cut += listener.cut();
    }
    this.#serving.clear();
    return cut;
  }

  /** A listener stays when the new snapshot asks for the same place, or does not care which port it is. */
  #keeps(key: string, listener: ListenerSnapshot): boolean {
    const bound = this.#serving.get(key);
    if (bound === undefined || bound.host !== listener.host) return false;
    return bound.port === listener.port || (!listener.fixed && (listener.port === 0 || bound.askedPort === listener.port));
  }
}

function placeOf({ proxyId, listenerId, host, port }: BoundListener): WhereBound {
  return { proxy: proxyId, listener: listenerId, host, port };
}
