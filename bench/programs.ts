import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { launch, output, type Running } from './process.ts';

export const root = join(import.meta.dirname, '..');
export const sluice = process.env['SLUICE_PROGRAM'] ?? join(root, 'bin/sluice');

/** Where the bench keeps its files while it runs. */
export const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A proxy in front of the backend, with its addresses. */
export interface Proxy extends Running {
  /** Frontends: HTTP/1.1, HTTP/2 in clear text, TCP relay. */
  http: number;
  h2: number;
  tcp: number;
  /** Runtime API, where there is one. */
  socket: string;
  /** Configuration file, where it can be reloaded. */
  file: string;
}

/** True when a command is installed. */
export function installed(command: string): boolean {
  if (command.includes('/')) return existsSync(command);
  return (process.env['PATH'] ?? '').split(delimiter).some((dir) => existsSync(join(dir, command)));
}

export const bigBody = 10 * (1 << 20);

/** nginx as a backend that costs next to nothing: `/` answers two bytes, `/big` 10 MB, `/64k` 64 kB. */
export async function startBackend(): Promise<Running & { port: number }> {
  const port = await freePort();
  const dir = join(folder, 'backend');
  mkdirSync(dir);
  writeFileSync(join(dir, 'big'), Buffer.alloc(bigBody, 'x'));
  writeFileSync(join(dir, '64k'), Buffer.alloc(1 << 16, 'x'));
  const config = nginxConfig(
    dir,
    `server {
      listen 127.0.0.1:${port} backlog=4096;
      keepalive_requests 100000000;
      location = / { return 200 'ok'; }
      location / { root ${dir}; }
    }`,
  );
  const process = launch('backend', 'nginx', ['-c', config, '-e', join(dir, 'error.log')]);
  await accepting(port, process);
  return { ...process, port };
}

/** The configuration that HAProxy and Sluice run alike. */
export function proxyConfig(
  ports: { http: number; h2: number; tcp: number; backend: number },
  socket: string,
  { threads = 1, servers = 0, spare = false, more: lines = '', rules = '' } = {},
): string {
  const more = Array.from({ length: servers }, (_, i) => `    server s${i} 127.0.0.1:${ports.backend}`).join('\n');
  return `
global
    nbthread ${threads}
    maxconn 8000
    stats socket ${socket} mode 600 level admin
    stats timeout 60s
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    http-reuse always
frontend http
    bind 127.0.0.1:${ports.http} backlog 4096
${rules}
    default_backend app
frontend h2
    bind 127.0.0.1:${ports.h2} proto h2
    default_backend app
listen tcp
    mode tcp
    bind 127.0.0.1:${ports.tcp}
    server app 127.0.0.1:${ports.backend}
backend app
    server app 127.0.0.1:${ports.backend}
${spare ? `    server spare 127.0.0.1:${ports.backend}` : ''}
${lines}
${servers > 0 ? `backend many\n${more}` : ''}
`;
}

let count = 0;

/** Starts HAProxy or Sluice on `proxyConfig`; resolves when it answers. */
export async function startBalancer(
  name: 'haproxy' | 'sluice',
  backend: number,
  options: { threads?: number; servers?: number; spare?: boolean; more?: string; rules?: string; args?: string[] } = {},
): Promise<Proxy> {
  const ports = { http: await freePort(), h2: await freePort(), tcp: await freePort(), backend };
  const dir = join(folder, `${name}-${count++}`);
  mkdirSync(dir);
  const socket = join(dir, 'admin.sock');
  const file = join(dir, 'haproxy.cfg');
  writeFileSync(file, proxyConfig(ports, socket, options));
  const process = launch(name, name === 'sluice' ? sluice : 'haproxy', ['-f', file, ...(options.args ?? ['-db'])]);
  await accepting(ports.http, process);
  return { ...process, ...ports, socket, file };
}

/** Starts nginx as a reverse proxy with one worker and idle connections to the backend. */
export async function startNginx(backend: number): Promise<Proxy> {
  const port = await freePort();
  const dir = join(folder, 'nginx');
  mkdirSync(dir);
  const config = nginxConfig(
    dir,
    `upstream app { server 127.0.0.1:${backend}; keepalive 256; keepalive_requests 100000000; }
    server {
      listen 127.0.0.1:${port} backlog=4096;
      keepalive_requests 100000000;
      location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_buffering on; }
    }`,
  );
  const process = launch('nginx', 'nginx', ['-c', config, '-e', join(dir, 'error.log')]);
  await accepting(port, process);
  return { ...process, http: port, h2: 0, tcp: 0, socket: '', file: '' };
}

/** Starts Caddy as a reverse proxy on one processor. */
export async function startCaddy(backend: number): Promise<Proxy> {
  const port = await freePort();
  const file = join(folder, 'Caddyfile');
  writeFileSync(
    file,
    `{\n admin off\n auto_https off\n}\nhttp://127.0.0.1:${port} {\n reverse_proxy 127.0.0.1:${backend}\n}\n`,
  );
  const process = launch('caddy', 'caddy', ['run', '--config', file, '--adapter', 'caddyfile'], {
    GOMAXPROCS: '1',
    HOME: folder,
    XDG_DATA_HOME: folder,
    XDG_CONFIG_HOME: folder,
  });
  await accepting(port, process);
  return { ...process, http: port, h2: 0, tcp: 0, socket: '', file: '' };
}

/** Installs http-proxy-3 into the bench's folder and starts it as a reverse proxy; null when it cannot be installed. */
export async function startHttpProxy3(backend: number): Promise<Proxy | null> {
  const dir = join(folder, 'http-proxy-3');
  mkdirSync(dir);
  writeFileSync(join(dir, 'package.json'), '{ "private": true, "type": "module" }\n');
  try {
    await output('npm', ['install', '--prefix', dir, '--no-audit', '--no-fund', '--silent', 'http-proxy-3']);
  } catch {
    return null;
  }
  const port = await freePort();
  const file = join(dir, 'proxy.js');
  writeFileSync(
    file,
    `import { Agent, createServer } from 'node:http';
import { createProxyServer } from 'http-proxy-3';
const proxy = createProxyServer({ target: 'http://127.0.0.1:${backend}', agent: new Agent({ keepAlive: true, maxSockets: 256 }) });
proxy.on('error', (error, request, response) => response.destroy());
createServer((request, response) => proxy.web(request, response)).listen(${port}, '127.0.0.1');
`,
  );
  const running = launch('http-proxy-3', process.execPath, [file]);
  await accepting(port, running);
  return { ...running, http: port, h2: 0, tcp: 0, socket: '', file: '' };
}

function nginxConfig(dir: string, http: string): string {
  const file = join(dir, 'nginx.conf');
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${dir}/${kind};`);
  writeFileSync(
    file,
    `daemon off; master_process off; worker_processes 1; pid ${dir}/pid; error_log ${dir}/error.log;
events { worker_connections 8000; }
http { access_log off; ${temp.join(' ')}
${http}
}
`,
  );
  return file;
}

/** A free TCP port of 127.0.0.1 below the range of outgoing connections. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** Resolves when `port` answers a request, with the ms since the call; rejects when the process ends before. */
export async function accepting(port: number, process: Running): Promise<number> {
  const begin = performance.now();
  while (performance.now() - begin < 30_000) {
    if (process.child.exitCode !== null) throw new Error(`${process.name} ended:\n${process.output()}`);
    if (await answers(port)) return performance.now() - begin;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error(`${process.name} does not answer on port ${port}:\n${process.output()}`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => socket.write('GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n'));
    socket.once('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
