import type { RotationAction } from '../../../proxy/api/status.schema.ts';
import { formatRate, plural } from '../../ui/format.ts';

/** What decides which actions make sense for one instance. */
export interface EndpointFacts {
  workload: string;
  drained: boolean;
  /** Some caller has it ejected. */
  ejected: boolean;
  /** Some caller has outlier detection for it. */
  detected: boolean;
  /** Drydock runs its process. */
  isRun: boolean;
  /** Instances of the service that are in rotation beside it. */
  others: number;
  /** What it gets now, in a sentence. */
  traffic: string;
}

export const rotationWords: Readonly<
  Record<RotationAction, { label: string; hint: string; what: string; done: string; nothing: string }>
> = {
  drain: {
    label: 'Drain',
    hint: 'nothing new, until it is put back',
    what: 'Callers’ sidecars send it nothing new, as to an endpoint a control plane calls DRAINING; requests under way end. It stays out until it is put back, everything broken on purpose is stopped, or the engine ends.',
    done: 'is out of rotation',
    nothing: 'nothing changed',
  },
  restore: {
    label: 'Put back',
    hint: 'callers use it again',
    what: 'Callers’ sidecars choose it again.',
    done: 'is in rotation again',
    nothing: 'nothing changed',
  },
  eject: {
    label: 'Eject now',
    hint: 'as outlier detection would, until its timer',
    what: 'As if outlier detection had ejected it: back by its timer, longer each time. Drydock’s own, for trying it out: Envoy ejects by its counters only.',
    done: 'is ejected',
    nothing: 'no caller has outlier detection for it yet',
  },
  readmit: {
    label: 'Readmit',
    hint: 'back before its timer',
    what: 'Ends the ejection before its timer, for all callers. Drydock’s own: Envoy waits.',
    done: 'is back in rotation',
    nothing: 'no caller had it ejected any more',
  },
};

/** What takes traffic away says so before it does. */
export const asksFirst = (action: RotationAction): boolean => action === 'drain' || action === 'eject';

/** The action that the state calls for, and the others that would change something. */
export function possibleActions({ drained, ejected, detected }: EndpointFacts): {
  first: RotationAction | null;
  more: RotationAction[];
} {
  if (drained) return { first: 'restore', more: ejected ? ['readmit'] : [] };
  if (ejected) return { first: 'readmit', more: ['drain'] };
  return { first: null, more: detected ? ['drain', 'eject'] : ['drain'] };
}

/** `It gets 12.5 requests a second now, from 2 callers; 1 other instance would take over.` */
export function trafficWords(rate: number | null, callers: number, others: number): string {
  const now = rate === null || rate === 0 ? 'It gets nothing now' : `It gets ${formatRate(rate)} tries a second now`;
  const from = callers > 0 && rate ? `, from ${plural(callers, 'caller')}` : '';
  return `${now}${from}; ${others === 0 ? 'no other instance is in rotation' : `${plural(others, 'other instance')} would take over`}.`;
}
