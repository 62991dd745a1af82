import { parentPort } from 'node:worker_threads';
import type { FromDataPlane, ToDataPlane } from '../../data-plane/messages.ts';
import type { MeshSnapshot } from '../../data-plane/snapshot.ts';

/*
 * A worker thread that speaks the data plane's messages. It dies when it is asked to explain, refuses a snapshot that gives it a proxy called
 * `refused`, and names the proxies it serves, with the snapshot's version, as its clusters.
 */
const post = (message: FromDataPlane): void => parentPort?.postMessage(message);
let identities = 0;
let prepared: { snapshot: MeshSnapshot; own: string[] } | null = null;
let serving: string[] = [];

parentPort?.on('message', (message: ToDataPlane) => {
  switch (message.type) {
    case 'identities':
      identities += message.identities.length;
      return;
    case 'explain':
      throw new Error('asked to die');
    case 'prepare': {
      prepared = message;
      const bound = message.snapshot.proxies
        .filter(({ id }) => message.own.includes(id))
        .flatMap((proxy) =>
          proxy.listeners.map(({ id, host, port }) => ({ proxy: proxy.id, listener: id, host, port: port || 40_001 })),
        );
      const ok = identities > 0 && !message.own.includes('refused');
      post({ type: 'prepared', id: message.id, result: { ok, bound, diagnostics: [] } });
      return;
    }
    case 'abandon':
      prepared = null;
      return;
    case 'commit':
      serving = prepared?.own.map((proxy) => `${proxy} at version ${prepared?.snapshot.version}`) ?? ['nothing prepared'];
      post({ type: 'committed', id: message.id });
      return;
    case 'clusters':
      post({ type: 'clusters', id: message.id, clusters: serving.map((cluster) => ({ cluster }) as never) });
  }
});
