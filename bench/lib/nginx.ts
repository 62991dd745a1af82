import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const binary = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx'].find((file) => existsSync(file));
const startLimitMs = 10_000;

/** Whether there is an nginx to compare with. */
export const hasNginx = binary !== undefined;

/** nginx with one worker and these `server` and `upstream` blocks, in the foreground. */
export class Nginx {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(folder: string, name: string, blocks: string, port: number): Promise<Nginx> {
    const file = path.join(folder, `${name}.conf`);
    writeFileSync(
      file,
      `daemon off; worker_processes 1; pid ${folder}/${name}.pid; error_log ${folder}/${name}.log warn;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; tcp_nodelay on;
  client_body_temp_path ${folder}/${name}-body; proxy_temp_path ${folder}/${name}-proxy;
  fastcgi_temp_path ${folder}/${name}-f; uwsgi_temp_path ${folder}/${name}-u; scgi_temp_path ${folder}/${name}-s;
  ${blocks}
}
`,
    );
    const child = spawn(binary!, ['-c', file, '-p', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    await waitForPort(port);
    return new Nginx(child);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  stop(): Promise<void> {
    return stopProcess(this.#child);
  }
}

/** Answers everything with a small JSON body, without touching a disk. */
export function originBlock(port: number): string {
  return `server { listen 127.0.0.1:${port}; default_type application/json; location / { return 200 '{"product":"lantern","stars":5,"reviews":["sturdy","bright"]}'; } }`;
}

/** A plain reverse proxy with kept connections. */
export function proxyBlock(port: number, upstreamPort: number): string {
  return `upstream origin_${port} { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests 100000000; }
server { listen 127.0.0.1:${port}; location / { proxy_pass http://origin_${port}; proxy_http_version 1.1; proxy_set_header Connection ""; } }`;
}

/** Two proxies, mutual TLS between them with kept connections: what two sidecars do. */
export function mutualTlsBlocks(folder: string, outerPort: number, innerPort: number, upstreamPort: number): string {
  return `upstream inner { server 127.0.0.1:${innerPort}; keepalive 128; keepalive_requests 100000000; }
server { listen 127.0.0.1:${outerPort}; location / { proxy_pass https://inner; proxy_http_version 1.1; proxy_set_header Connection "";
  proxy_ssl_certificate ${folder}/peer.crt; proxy_ssl_certificate_key ${folder}/peer.key; proxy_ssl_trusted_certificate ${folder}/ca.crt;
  proxy_ssl_verify on; proxy_ssl_name peer.test; proxy_ssl_protocols TLSv1.3; } }
upstream app { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests 100000000; }
server { listen 127.0.0.1:${innerPort} ssl; ssl_certificate ${folder}/peer.crt; ssl_certificate_key ${folder}/peer.key;
  ssl_client_certificate ${folder}/ca.crt; ssl_verify_client on; ssl_protocols TLSv1.3;
  location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; } }`;
}

/** A throw-away CA and one certificate that both ends use, by the openssl command. */
export function makeCertificates(folder: string): void {
  const openssl = (...parameters: string[]) => execFileSync('openssl', parameters, { cwd: folder, stdio: 'pipe' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=bench CA', '-days', '2');
  openssl('req', ...curve, '-keyout', 'peer.key', '-out', 'peer.csr', '-subj', '/CN=peer.test');
  openssl(
    'x509',
    '-req',
    '-in',
    'peer.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'peer.crt',
    '-days',
    '2',
  );
}

/** Resolves once something accepts there. */
export async function waitForPort(port: number): Promise<void> {
  const until = performance.now() + startLimitMs;
  while (!(await accepts(port))) {
    if (performance.now() > until) throw new Error(`nothing listens on ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = net.createServer();
      return new Promise<net.Server>((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export function stopProcess(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
