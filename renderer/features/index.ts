import { ArrowLeftRight, Boxes, Disc, FileCode2, History, Network, ShieldCheck, Waypoints, Zap } from 'lucide-react';
import { lazyScreen, type Screen } from './screen.tsx';

/** Every screen there is, in the order of the rail. A screen is a folder here with a default export, plus its line. */
export const screens: readonly Screen[] = [
  {
    id: 'topology',
    title: 'Topology',
    icon: Network,
    key: '1',
    jump: 'g',
    component: lazyScreen(() => import('./topology/topology-screen.tsx')),
  },
  {
    id: 'requests',
    title: 'Requests',
    icon: ArrowLeftRight,
    key: '2',
    jump: 'r',
    component: lazyScreen(() => import('./requests/requests-screen.tsx')),
  },
  {
    id: 'traces',
    title: 'Traces',
    icon: Waypoints,
    key: '3',
    jump: 't',
    component: lazyScreen(() => import('./traces/traces-screen.tsx')),
  },
  {
    id: 'service',
    title: 'Services',
    icon: Boxes,
    key: '4',
    jump: 's',
    component: lazyScreen(() => import('./service/service-screen.tsx')),
  },
  {
    id: 'faults',
    title: 'Faults',
    icon: Zap,
    key: '5',
    jump: 'f',
    component: lazyScreen(() => import('./faults/faults-screen.tsx')),
  },
  {
    id: 'recordings',
    title: 'Recordings',
    icon: Disc,
    key: '6',
    jump: 'e',
    component: lazyScreen(() => import('./recordings/recordings-screen.tsx')),
  },
  {
    id: 'config',
    title: 'Config',
    icon: FileCode2,
    key: '8',
    jump: 'c',
    component: lazyScreen(() => import('./config/config-screen.tsx')),
  },
  {
    id: 'security',
    title: 'Security',
    icon: ShieldCheck,
    key: '9',
    jump: 'i',
    component: lazyScreen(() => import('./security/security-screen.tsx')),
  },
  {
    id: 'runs',
    title: 'Runs',
    icon: History,
    key: '0',
    jump: 'h',
    component: lazyScreen(() => import('./runs/runs-screen.tsx')),
  },
];
