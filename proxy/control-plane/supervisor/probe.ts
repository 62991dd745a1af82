import http from 'node:http';
import net from 'node:net';

export interface ProbeTarget {
  host: string;
  port: number;
  /** GET this path and want a status below 400; null = a TCP connect is enough. */
  httpPath: string | null;
}

const timeoutMs = 1_000;

/** '' when the target answers, else why not. Bounded to one second, two where it may listen next door. */
export async function probe(target: ProbeTarget): Promise<string> {
  const problem = await (target.httpPath === null ? probeTcp(target) : probeHttp(target, target.httpPath));
  return problem.startsWith('nothing listens') ? problem + (await otherLoopback(target)) : problem;
}

/** Many development servers listen on one family of addresses only: on ::1 where `localhost` is asked for, or the other way about. */
async function otherLoopback({ host, port }: ProbeTarget): Promise<string> {
  const other = { '127.0.0.1': '::1', localhost: '::1', '::1': '127.0.0.1' }[host.replace(/^\[|\]$/g, '')];
  if (other === undefined || (await probeTcp({ host: other, port, httpPath: null })) !== '') return '';
  const there = other.includes(':') ? `[${other}]:${port}` : `${other}:${port}`;
  return `, but a program does on ${there}: name that address, or let the service listen on ${host}`;
}

function probeTcp({ host, port }: ProbeTarget): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const finish = (answer: string) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => finish(`${host}:${port} did not answer in ${timeoutMs} ms`));
    socket.once('connect', () => finish(''));
    socket.once('error', (error) => finish(wordsFor(error, host, port)));
  });
}

function probeHttp({ host, port }: ProbeTarget, path: string): Promise<string> {
  return new Promise((resolve) => {
    const request = http.get(
      { host, port, path, agent: false, timeout: timeoutMs, headers: { 'user-agent': 'drydock-readiness' } },
      (response) => {
        const status = response.statusCode ?? 0;
        response.destroy();
        resolve(status >= 200 && status < 400 ? '' : `GET ${path} on ${host}:${port} answered ${status}`);
      },
    );
    request.once('timeout', () => request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    request.once('error', (error) => resolve(wordsFor(error, host, port)));
  });
}

function wordsFor(error: Error, host: string, port: number): string {
  const code = (error as NodeJS.ErrnoException).code ?? error.message;
  if (code === 'ECONNREFUSED') return `nothing listens on ${host}:${port}`;
  if (code === 'ETIMEDOUT') return `${host}:${port} did not answer in ${timeoutMs} ms`;
  return `${host}:${port}: ${code}`;
}
