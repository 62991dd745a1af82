import { setFlagsFromString } from 'node:v8';
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../shared/message-of.ts';
import { createSystemClock } from '../shared/system-clock.ts';
import { DataPlane } from './data-plane.ts';
import type { FromDataPlane, ToDataPlane } from './messages.ts';

/* Entry of the data-plane thread: messages in, messages out. Nothing here decides anything. */

/*
 * Requests live for milliseconds, but one long pause of the collector makes many of them look long-lived; V8 then allocates their parts among the
 * old objects for good, where each keeps what it points to alive until the next full collection. Measured: 7 % of all that requests allocate,
 * a tenth of the processor, pauses of 5 ms instead of 1.
 */
setFlagsFromString('--no-allocation-site-pretenuring');

if (parentPort === null) throw new Error('the data plane runs in a worker thread');
const port = parentPort;
const post = (message: FromDataPlane): void => port.postMessage(message);
const plane = new DataPlane({ clock: createSystemClock(), random: Math.random, post });
/** Applies and toxic-proxy changes run one after another; questions are answered at once. */
let changes: Promise<unknown> = Promise.resolve();

function change(run: () => Promise<void>): void {
  changes = changes.then(run);
}

function receive(message: ToDataPlane): void {
  switch (message.type) {
    case 'identities':
      plane.setIdentities(message.identities);
      return;
    case 'prepare':
      change(async () => {
        plane.shareAmong(message.workers);
        post({ type: 'prepared', id: message.id, result: await plane.prepare(message.snapshot, message.own) });
      });
      return;
    case 'commit':
      change(async () => {
        plane.commit(message.bound);
        post({ type: 'committed', id: message.id });
      });
      return;
    case 'settle':
      change(async () => plane.settle());
      return;
    case 'abandon':
      change(async () => plane.abandon());
      return;
    case 'peers':
      change(async () => plane.setPeers(message.bound));
      return;
    case 'clusters':
      post({ type: 'clusters', id: message.id, clusters: plane.clusters() });
      return;
    case 'explain':
      answerExplain(message);
      return;
    case 'counters':
      post({ type: 'counters', id: message.id, counters: plane.counters() });
      return;
    case 'open-exchange':
      post({ type: 'open-exchange', id: message.id, detail: plane.openExchange(message.exchange) });
      return;
    case 'flush':
      plane.flush();
      post({ type: 'flushed', id: message.id });
      return;
    case 'set-toxic-proxy':
      change(async () => post({ type: 'toxic-proxy', id: message.id, ...(await plane.toxicProxies.set(message.spec)) }));
      return;
    case 'remove-toxic-proxy':
      change(async () => {
        await plane.toxicProxies.remove(message.name);
        post({ type: 'toxic-proxy', id: message.id, listen: '', error: '' });
      });
      return;
    case 'drain':
      change(async () => post({ type: 'drained', id: message.id, cut: await plane.drain(message.graceMs) }));
      return;
    case 'pin-traces':
      plane.pinnedTraces.set(message.prefix, message.pins);
      post({ type: 'pinned', id: message.id });
      return;
    case 'rotate':
      post({ type: 'rotated', id: message.id, clusters: plane.rotate(message.workload, message.action) });
      return;
    case 'acknowledge':
      plane.acknowledge(message.exchanges);
      return;
    case 'keep-all':
      plane.keepAllExchanges(message.on);
      return;
  }
}

function answerExplain(message: Extract<ToDataPlane, { type: 'explain' }>): void {
  try {
    post({ type: 'explained', id: message.id, explanation: plane.explain(message.request), error: '' });
  } catch (error) {
    post({ type: 'explained', id: message.id, explanation: null, error: messageOf(error) });
  }
}

port.on('message', receive);
post({ type: 'online' });
