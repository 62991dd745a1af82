import { access, constants, mkdir, stat, statfs } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { readEngineFile } from '../../control-plane/home.ts';
import { findPortOwner } from '../../control-plane/port-owner.ts';
import type { Command } from '../command.ts';

interface Finding {
  check: string;
  state: 'ok' | 'note' | 'problem';
  message: string;
}

export const command: Command = {
  usage: 'doctor',
  summary: 'Checks this machine and the home folder. Exit code 1 when something keeps Drydock from working.',
  options: {},
  async run({ home, json, out }) {
    const checks = [
      checkNode(),
      checkHome(home),
      checkSpace(home),
      checkAuthority(home),
      checkEngine(home),
      checkIpv6(),
      checkProxy(),
    ];
    const findings = [
      ...(await Promise.all(checks)),
      ...(await Promise.all([8080, 8474, 4317, 4318].map((port) => checkPort(port, home)))),
    ];
    if (json) out.json({ findings });
    else {
      const marks = { ok: out.style('green', '✓'), note: out.style('cyan', '·'), problem: out.style('red', '✗') };
      for (const { check, state, message } of findings) out.line(`${marks[state]} ${check.padEnd(12)} ${message}`);
    }
    return findings.some((finding) => finding.state === 'problem') ? 1 : 0;
  },
};

async function checkNode(): Promise<Finding> {
  const major = Number(process.versions.node.split('.')[0]);
  return {
    check: 'Node',
    state: major >= 24 ? 'ok' : 'problem',
    message: `${process.version} on ${process.platform}/${process.arch}`,
  };
}

async function checkHome(home: string): Promise<Finding> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await access(home, constants.R_OK | constants.W_OK | constants.X_OK);
    return { check: 'home', state: 'ok', message: home };
  } catch (error) {
    return { check: 'home', state: 'problem', message: `${home} cannot be used: ${(error as Error).message}` };
  }
}

async function checkSpace(home: string): Promise<Finding> {
  try {
    const { bavail, bsize } = await statfs(home);
    const megabytes = Math.round((bavail * bsize) / 1e6);
    return { check: 'disk', state: megabytes > 500 ? 'ok' : 'problem', message: `${megabytes} MB free` };
  } catch (error) {
    return { check: 'disk', state: 'problem', message: (error as Error).message };
  }
}

async function checkAuthority(home: string): Promise<Finding> {
  const folder = path.join(home, 'ca');
  const info = await stat(folder).catch(() => null);
  if (!info) return { check: 'CA', state: 'note', message: 'none yet; the first `drydock up` makes one' };
  const isPrivate = process.platform === 'win32' || (info.mode & 0o077) === 0;
  return {
    check: 'CA',
    state: isPrivate ? 'ok' : 'problem',
    message: isPrivate ? folder : `${folder} can be read by others: chmod 700 it`,
  };
}

async function checkEngine(home: string): Promise<Finding> {
  const engine = await readEngineFile(home);
  return {
    check: 'engine',
    state: 'note',
    message: engine ? `runs at ${engine.url} (pid ${engine.pid})` : 'none is running for this home',
  };
}

async function checkIpv6(): Promise<Finding> {
  const works = await canListen(0, '::1');
  return { check: 'IPv6', state: 'note', message: works ? 'loopback works' : 'no IPv6 loopback: only 127.0.0.1 is served' };
}

async function checkProxy(): Promise<Finding> {
  const set = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'].filter((name) => process.env[name]);
  if (set.length === 0) return { check: 'proxies', state: 'ok', message: 'no HTTP_PROXY in this environment' };
  return {
    check: 'proxies',
    state: 'note',
    message: `${set.join(', ')} is set here; run: services get their own sidecar's instead`,
  };
}

async function checkPort(port: number, home: string): Promise<Finding> {
  const check = `port ${port}`;
  if (await canListen(port, '127.0.0.1')) return { check, state: 'ok', message: 'free' };
  const [owner, engine] = await Promise.all([findPortOwner(port), readEngineFile(home)]);
  if (engine && owner.includes(`(pid ${engine.pid})`)) return { check, state: 'ok', message: 'held by the running engine' };
  return { check, state: 'note', message: `taken by ${owner || 'another program'}; Drydock takes another unless it is fixed` };
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
