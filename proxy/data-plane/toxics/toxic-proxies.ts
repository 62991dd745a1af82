import type { Clock, Random } from '../clock.ts';
import type { ToxicProxySpec } from '../messages.ts';
import { ToxicProxy } from './toxic-proxy.ts';

/** All toxic proxies of this data plane, by name. */
export class ToxicProxies {
  readonly #proxies = new Map<string, ToxicProxy>();
  readonly #deps: { clock: Clock; random: Random; forbidden: () => ReadonlySet<string> };

  constructor(deps: { clock: Clock; random: Random; forbidden: () => ReadonlySet<string> }) {
    this.#deps = deps;
  }

  /** A changed address restarts the proxy; toxics and `enabled` change in place. On an error the proxy is left disabled. */
  async set(spec: ToxicProxySpec): Promise<{ listen: string; error: string }> {
    let proxy = this.#proxies.get(spec.name);
    const moved = proxy !== undefined && (proxy.listen !== spec.listen || proxy.spec.upstream !== spec.upstream);
    if (proxy !== undefined && moved) {
      await proxy.stop();
      proxy = undefined;
    }
    if (proxy === undefined) {
      proxy = new ToxicProxy({ ...spec }, this.#deps);
      this.#proxies.set(spec.name, proxy);
    } else {
      proxy.setToxics(spec.toxics);
    }
    if (!spec.enabled) {
      await proxy.stop();
      return { listen: proxy.listen, error: '' };
    }
    // A refusal that spares nobody is the real thing: nothing listens. One that spares some is a reset per connection.
    if (spec.toxics.some(({ type, toxicity }) => type === 'refuse' && toxicity >= 1)) {
      proxy.stopListening();
      return { listen: proxy.listen, error: '' };
    }
    const error = await proxy.start();
    return { listen: proxy.listen, error };
  }

  async remove(name: string): Promise<void> {
    const proxy = this.#proxies.get(name);
    this.#proxies.delete(name);
    await proxy?.stop();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#proxies.keys()].map((name) => this.remove(name)));
  }
}
