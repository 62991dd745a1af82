import type { Simulation } from '../../api/simulation.schema.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, text, UsageError } from '../command.ts';

export const command: Command = {
  usage:
    'simulate RECORDING --service S [--stubs NAME] [--from CALLER] [--mode simulate|spy|record] [--session none|trace|header:N|cookie:N] ' +
    '[--exhaustion repeat|cycle|miss] [--latency] [--latency-scale N] [--streams lock-step|timed] [--templated] [--off] | simulate ls | ' +
    'simulate watch [ID] [--for 30s] | simulate set ID [--everyone] [--no-latency] and what a start takes | simulate on|off|show|stop ID',
  summary:
    'Answers for a service from a recording or from imported stubs; the service itself need not run. Goes on until it is stopped; `on`, `off` and ' +
    '`set` change it meanwhile, `watch` counts along.',
  options: {
    service: { type: 'string' },
    stubs: { type: 'string' },
    from: { type: 'string' },
    everyone: { type: 'boolean' },
    mode: { type: 'string' },
    session: { type: 'string' },
    exhaustion: { type: 'string' },
    latency: { type: 'boolean' },
    'no-latency': { type: 'boolean' },
    'latency-scale': { type: 'string' },
    streams: { type: 'string' },
    templated: { type: 'boolean' },
    off: { type: 'boolean' },
    for: { type: 'string' },
  },
  async run(context) {
    const { positionals, values, home } = context;
    const [first, id] = positionals;
    if (!first) throw new UsageError('name the recording, or say ls, watch, set, on, off, show or stop');
    const client = await EngineClient.open(home);
    // Any recording can be named with --service, whatever its name.
    const action = text(values, 'service') === undefined ? actions[first] : undefined;
    return action ? action(context, client, id) : start(context, client, first);
  },
};

type Action = (context: CommandContext, client: EngineClient, id: string | undefined) => Promise<number>;

const actions: Readonly<Record<string, Action>> = {
  ls: async ({ json, out }, client) => {
    const { simulations } = await client.call('listSimulations', {});
    if (json) out.json({ simulations });
    else printAll(out, simulations);
    return 0;
  },
  watch,
  show: async (context, client, id) => {
    const simulation = await client.call('getSimulation', { params: { id: need(id) } });
    printOne(context, simulation);
    if (!context.json) printCalls(context.out, simulation);
    return 0;
  },
  on: (context, client, id) => change(context, client, id, { enabled: true }),
  off: (context, client, id) => change(context, client, id, { enabled: false }),
  set: (context, client, id) => {
    const { values } = context;
    const from = values.everyone === true ? null : text(values, 'from');
    const flags = {
      ...(values.latency === true ? { latency: true } : {}),
      ...(values['no-latency'] === true ? { latency: false } : {}),
    };
    const templated = values.templated === true ? { templated: true } : {};
    return change(context, client, id, { from, ...how(context), ...flags, ...templated });
  },
  stop: async ({ json, out }, client, id) => {
    await client.call('stopSimulation', { params: { id: need(id) } });
    if (json) out.json({ removed: id });
    else out.line(`${id} stopped: the service answers for itself again`);
    return 0;
  },
};

function need(id: string | undefined): string {
  if (id === undefined) throw new UsageError('say which simulation: `simulate ls` names them');
  return id;
}

async function start(context: CommandContext, client: EngineClient, recording: string): Promise<number> {
  const { values } = context;
  const service = text(values, 'service');
  if (service === undefined) throw new UsageError('--service says for whom to answer');
  const body = {
    ...{ recording, service, stubs: text(values, 'stubs'), from: text(values, 'from') },
    ...how(context),
    ...{ latency: values.latency === true, templated: values.templated === true, enabled: values.off !== true },
  };
  return printOne(context, await client.call('startSimulation', { body }));
}

/** What a start and a change have in common. */
function how({ values }: CommandContext): Record<string, string | number | undefined> {
  const scale = text(values, 'latency-scale');
  if (scale !== undefined && !(Number(scale) >= 0))
    throw new UsageError(`--latency-scale wants a number such as 0.5, not ${scale}`);
  return {
    ...{ mode: text(values, 'mode'), session: text(values, 'session'), exhaustion: text(values, 'exhaustion') },
    ...{ streams: text(values, 'streams'), latencyScale: scale === undefined ? undefined : Number(scale) },
  };
}

async function change(context: CommandContext, client: EngineClient, id: string | undefined, body: object): Promise<number> {
  return printOne(context, await client.call('changeSimulation', { params: { id: need(id) }, body }));
}

function printOne({ json, out }: CommandContext, simulation: Simulation): number {
  if (json) {
    out.json(simulation);
    return 0;
  }
  const { id, recording, service, from, mode, answers, enabled, notes } = simulation;
  const whom = from === undefined ? '' : `, only for ${from}`;
  const how = enabled ? `${answers} ${answers === 1 ? 'answer' : 'answers'}, mode ${mode}${whom}` : `switched off${whom}`;
  out.line(`${id}: ${recording} answers for ${service} (${how})`);
  for (const note of notes) out.line(`  ${note}`);
  printMisses(out, simulation);
  return 0;
}

/** The latest calls, the newest last: by which resemblance each found its answer, and what it had otherwise. */
function printCalls(out: CommandContext['out'], { recent = [] }: Simulation): void {
  for (const { time, outcome, method, path, caller, differs, nearest, forwarded } of [...recent].reverse()) {
    const near =
      outcome === 'miss'
        ? nearest
          ? [`nearest ${nearest.path}`, ...nearest.differs]
          : ['nothing like it was recorded']
        : differs;
    const where = forwarded ? ['went to the service'] : [];
    const words = [...where, ...near].join('; ');
    out.line(
      `  ${time.slice(11, 19)} ${outcome.padEnd(8)} ${method} ${path}${caller === '' ? '' : ` from ${caller}`}${words === '' ? '' : `: ${words}`}`,
    );
  }
}

const header = ['ID', 'SERVICE', 'FROM', 'RECORDING', 'MODE', 'STUB', 'EXACT', 'MASKED', 'TEMPLATE', 'MISSES', 'FORWARDED'];
const row = (one: Simulation): string[] => [
  ...[one.id, one.service, one.from ?? '', one.recording, one.enabled ? one.mode : 'off'],
  ...[one.hits.stub, one.hits.exact, one.hits.masked, one.hits.template, one.misses, one.forwarded].map(String),
];

function printAll(out: CommandContext['out'], simulations: readonly Simulation[]): void {
  out.table(header, simulations.map(row));
  for (const one of simulations) printMisses(out, one);
}

function printMisses(out: CommandContext['out'], { service, recentMisses }: Simulation): void {
  for (const { method, path, nearest } of recentMisses.slice(0, 3)) {
    const near = nearest ? `nearest ${nearest.path}: ${nearest.differs.join('; ')}` : 'nothing like it was recorded';
    out.line(`  ${service} missed ${method} ${path}; ${near}`);
  }
}

const lookAgainMs = 500;

/** A line whenever a count has changed, until Ctrl-C or the time is over; with --json the simulation, one a line. */
async function watch({ json, out, values }: CommandContext, client: EngineClient, id: string | undefined): Promise<number> {
  const forText = text(values, 'for');
  const forMs = forText === undefined ? Number.POSITIVE_INFINITY : parseDurationMs(forText);
  if (forMs === null) throw new UsageError(`--for wants a duration such as 30s, not ${forText}`);
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt);
  const told = new Map<string, string>();
  try {
    for (const until = Date.now() + forMs; ; ) {
      const { simulations } = await client.call('listSimulations', {});
      for (const one of simulations.filter((each) => id === undefined || each.id === id)) {
        const counts = row(one).join('\t');
        if (told.get(one.id) === counts) continue;
        told.set(one.id, counts);
        out.line(json ? JSON.stringify(one) : describe(one));
      }
      const leftMs = Math.min(lookAgainMs, until - Date.now());
      if (leftMs <= 0 || interrupted.signal.aborted) return 0;
      await pause(leftMs, interrupted.signal);
    }
  } finally {
    process.off('SIGINT', interrupt);
  }
}

function describe({ id, service, hits, misses, forwarded, recentMisses }: Simulation): string {
  const counts = { ...hits, missed: misses, forwarded };
  const words = Object.entries(counts).flatMap(([name, count]) => (count > 0 ? [`${count} ${name}`] : []));
  const [last] = recentMisses;
  const miss = last ? `; last miss ${last.method} ${last.path}` : '';
  return `${id} ${service}: ${words.join(', ') || 'nothing asked yet'}${miss}`;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
