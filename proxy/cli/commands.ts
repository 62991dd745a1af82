import type { Command } from './command.ts';

/** One line of `drydock --help`; the command's code is loaded when it is used. */
interface CommandEntry {
  summary: string;
  load: () => Promise<{ command: Command }>;
}

/** Every command by name, in the order they are listed. */
export const commands: ReadonlyMap<string, CommandEntry> = new Map(
  Object.entries({
    up: { summary: 'start the engine and a mesh from files; Ctrl-C drains and stops', load: () => import('./commands/up.ts') },
    down: { summary: 'stop the running engine', load: () => import('./commands/down.ts') },
    status: { summary: 'services, workloads, ports, health, certificates', load: () => import('./commands/status.ts') },
    apply: { summary: 'apply resources from files, live and atomically', load: () => import('./commands/apply.ts') },
    delete: { summary: 'remove a resource', load: () => import('./commands/delete.ts') },
    get: { summary: 'show resources', load: () => import('./commands/get.ts') },
    lint: { summary: 'everything that is wrong or without effect in files', load: () => import('./commands/lint.ts') },
    explain: { summary: 'which objects and rules would apply to a request', load: () => import('./commands/explain.ts') },
    tap: { summary: 'live requests, one line each', load: () => import('./commands/tap.ts') },
    messages: {
      summary: 'what passes in a WebSocket, an event stream, a gRPC call',
      load: () => import('./commands/messages.ts'),
    },
    protos: { summary: 'names for gRPC messages: ls, add, rm', load: () => import('./commands/protos.ts') },
    trace: { summary: 'traces: ls, show ID', load: () => import('./commands/trace.ts') },
    fault: { summary: 'faults: add, ls, rm, stop', load: () => import('./commands/fault.ts') },
    record: {
      summary: 'recordings: start, next, stop, show, trim, merge, note, export, import',
      load: () => import('./commands/record.ts'),
    },
    replay: { summary: 'send a recording again and compare', load: () => import('./commands/replay.ts') },
    simulate: {
      summary: 'answer for a service from a recording: start, ls, watch, set, on, off, stop',
      load: () => import('./commands/simulate.ts'),
    },
    scenario: {
      summary: 'load, faults and changes on a timeline, and what must hold: run FILE, ls, show ID',
      load: () => import('./commands/scenario.ts'),
    },
    runs: { summary: 'the last ten runs of the mesh: ls, compare', load: () => import('./commands/runs.ts') },
    export: {
      summary: 'the configuration for a real mesh: istio, gateway-api, envoy; a recording as a script: k6, curl',
      load: () => import('./commands/export.ts'),
    },
    ca: { summary: 'the local certificate authority', load: () => import('./commands/ca.ts') },
    cert: { summary: 'workload certificates: ls, show, rotate', load: () => import('./commands/cert.ts') },
    doctor: { summary: 'check this machine and home folder', load: () => import('./commands/doctor.ts') },
    open: { summary: 'open the user interface', load: () => import('./commands/open.ts') },
  }),
);
