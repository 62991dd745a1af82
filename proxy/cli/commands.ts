import type { Command } from './command.ts';

/** Every command by name; a command's code is loaded when it is used. */
export const commands: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  up: () => import('./commands/up.ts'),
  down: () => import('./commands/down.ts'),
  status: () => import('./commands/status.ts'),
  apply: () => import('./commands/apply.ts'),
  delete: () => import('./commands/delete.ts'),
  get: () => import('./commands/get.ts'),
  lint: () => import('./commands/lint.ts'),
  explain: () => import('./commands/explain.ts'),
  tap: () => import('./commands/tap.ts'),
  messages: () => import('./commands/messages.ts'),
  protos: () => import('./commands/protos.ts'),
  trace: () => import('./commands/trace.ts'),
  fault: () => import('./commands/fault.ts'),
  record: () => import('./commands/record.ts'),
  replay: () => import('./commands/replay.ts'),
  simulate: () => import('./commands/simulate.ts'),
  scenario: () => import('./commands/scenario.ts'),
  runs: () => import('./commands/runs.ts'),
  export: () => import('./commands/export.ts'),
  ca: () => import('./commands/ca.ts'),
  cert: () => import('./commands/cert.ts'),
  doctor: () => import('./commands/doctor.ts'),
  open: () => import('./commands/open.ts'),
};
