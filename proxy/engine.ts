import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ready } from './api/status.schema.ts';
import { meshesOf } from './config/hosts.ts';
import { loadFiles, ResourceSet } from './config/index.ts';
import { DataPlaneGone } from './control-plane/data-plane/data-plane-thread.ts';
import { demoOfEarlierRun, registeredServices } from './control-plane/handlers/index.ts';
import { type HomeLock, lockHome } from './control-plane/home.ts';
import { explainHomeError } from './control-plane/home-unusable.ts';
import { Housekeeping } from './control-plane/housekeeping.ts';
import { openHomeAuthority, openHomeStore } from './control-plane/open-home.ts';
import { listenToxiproxy, StartError } from './control-plane/start-listeners.ts';
import { EngineCore } from './engine/engine-core.ts';
import type { EngineOptions } from './engine/engine-options.ts';
import { closersOf, joinParts, portsKey } from './engine/join-parts.ts';
import { listenControlApi, listenOtlp } from './engine/open-api.ts';
import type { Foundation } from './engine/parts.ts';
import { SelfDescription } from './engine/self-description.ts';
import { startDataPlane } from './engine/start-data-plane.ts';
import { productVersion } from './shared/product-version.ts';
import type { Store } from './store/store.ts';

export type { EngineOptions } from './engine/engine-options.ts';

const dataPlaneEntry = new URL(
  import.meta.url.endsWith('.ts') ? './data-plane/worker.ts' : './data-plane/worker.js',
  import.meta.url,
);
const uiRoot = fileURLToPath(new URL('../renderer/dist', import.meta.url));
/** In the checkout beside proxy/; in the packaged app among its resources. */
const demoFile = findDemo();
const drainMs = 5_000;
/** How long the ready line waits for run: services to answer. */
const settleMs = 10_000;

/**
 * Composition root: with `engine/` the only place that joins the parts. Order of a start: home lock → database, CA and data-plane thread at
 * once → control server (its port must be known, because nothing may be routed to it) → first apply → run: services → engine.json.
 */
export class Engine {
  readonly #core: EngineCore;
  readonly #self: SelfDescription;
  #stopping: Promise<void> | null = null;

  private constructor(options: EngineOptions) {
    this.#core = new EngineCore(options, productVersion());
    this.#self = new SelfDescription(this.#core);
  }

  /** Throws StartError, HomeBusy or HomeUnusable. */
  static async start(options: EngineOptions): Promise<Engine> {
    const engine = new Engine(options);
    try {
      await engine.#start();
      return engine;
    } catch (error) {
      engine.#core.log.write(`start failed: ${(error as Error).message}`);
      await engine.#core.closeAll();
      throw explainHomeError(options.home, error);
    }
  }

  ready(): Ready {
    return this.#self.ready();
  }

  /** Drains for at most five seconds, stops services, writes what is pending. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** For what nobody caught: the reason is on disk before the process ends. */
  async logFatal(reason: string): Promise<void> {
    this.#core.log.write(`fatal: ${reason}`);
    await this.#core.log.flush();
  }

  async #start(): Promise<void> {
    const core = this.#core;
    const { home, paths } = core.options;
    const lock = await lockHome(home);
    core.onClose(() => lock.release());
    const { foundation, meshName } = await this.#openFoundation(lock);
    const parts = await joinParts(core, this.#self, foundation);
    core.onClose(...closersOf(parts));
    core.join(parts);
    await this.#listen();
    const kept = [
      ...(await registeredServices(parts.store, meshName)),
      ...(await demoOfEarlierRun(parts.store, meshName, demoFile)),
    ];
    const outcome = await parts.configuration.start(kept);
    if (!outcome.ok) throw new StartError(outcome.diagnostics);
    await parts.toxiproxyState.restore();
    await parts.simulations.restore();
    await parts.supervisor.settled(settleMs);
    await parts.watcher.watch(paths, parts.configuration.files);
    const housekeeping = new Housekeeping({ ...parts, emit: core.emit });
    parts.housekeeping = housekeeping;
    core.onClose(() => housekeeping.close());
    const absolute = paths.map((one) => path.resolve(one));
    await lock.publish({ pid: process.pid, url: parts.server?.url ?? '', token: core.token, paths: absolute });
    core.emit('engine.started', meshName, `Engine ${core.version} serves ${meshName}`, { pid: process.pid });
  }

  async #openFoundation(lock: HomeLock): Promise<{ foundation: Foundation; meshName: string }> {
    const { home, paths, dataPlaneEntry: entry = dataPlaneEntry } = this.#core.options;
    const dataPlane = startDataPlane(this.#core, entry);
    const [store, loaded] = await Promise.all([this.#openStore(), loadFiles(paths)]);
    const mesh = firstMesh(ResourceSet.empty.replaceFiles(loaded.documents, { now: 0 }).set);
    const [authority, ports] = await Promise.all([
      openHomeAuthority(home, mesh.trustDomain),
      store.getSetting<Record<string, number>>(portsKey),
    ]);
    return { foundation: { lock, dataPlane, store, authority, rememberedPorts: ports ?? {} }, meshName: mesh.name };
  }

  async #openStore(): Promise<Store> {
    const core = this.#core;
    const store = await openHomeStore(core.options.home, core.clock, ({ type, message, data }) =>
      core.emitWhenJoined({ type, subject: 'store', message, data }),
    );
    core.onClose(() => store.close());
    return store;
  }

  async #listen(): Promise<void> {
    const core = this.#core;
    const { parts } = core;
    const server = await listenControlApi(core, this.#self, { uiRoot, demoFile, stop: () => this.stop() });
    parts.server = server;
    core.onClose(() => server.close());
    const toxiproxy = await listenToxiproxy(parts.toxiproxyState, core.options.toxiproxyPort);
    parts.toxiproxy = toxiproxy;
    core.onClose(() => toxiproxy.close());
    const otlp = await listenOtlp(core);
    parts.otlp = otlp;
    core.onClose(() => otlp.close());
  }

  async #stop(): Promise<void> {
    const core = this.#core;
    const { parts } = core;
    core.log.write('stopping');
    parts.watcher.close();
    parts.housekeeping?.close();
    // What a scenario changed is put back while there is a mesh to put it back in.
    await parts.scenarios.close();
    try {
      await parts.dataPlane.drain(drainMs);
    } catch (error) {
      if (!(error instanceof DataPlaneGone)) throw error;
    }
    core.emit('engine.stopped', parts.configuration.current.snapshot.meshName, 'The engine stops', {});
    await core.closeAll();
  }
}

/** Name and trust domain before anything is validated; a mesh that is wrong is told by the first apply. */
function firstMesh(set: ResourceSet): { name: string; trustDomain: string } {
  try {
    const [first] = meshesOf(set);
    return { name: first?.mesh.metadata.name ?? 'mesh', trustDomain: first?.mesh.spec.trustDomain ?? 'cluster.local' };
  } catch {
    return { name: 'mesh', trustDomain: 'cluster.local' };
  }
}

function findDemo(): string {
  const [first = '', ...others] = ['../samples/demo/drydock.yaml', '../../samples/demo/drydock.yaml'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  return [first, ...others].find(existsSync) ?? first;
}
