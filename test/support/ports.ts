import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/**
 * Ports that tests have taken, a file each with the pid of the process that did. Between the question whether a port is free and the
 * program's own bind another test could get it: SO_REUSEPORT would let both programs listen on it, and clients reach either.
 */
const taken = join(tmpdir(), `sluice-test-ports-${userInfo().uid}`);
const given = new Set<number>();
process.on('exit', () => {
  for (const port of given) rmSync(join(taken, String(port)), { force: true });
});

/**
 * A TCP port of 127.0.0.1 that the system says is free, below the range it hands out by itself: between the question
 * and the program's own bind no outgoing connection of anybody can take it.
 */
export function freePort(): Promise<number> {
  return freeBetween(12_000, ephemeralStart());
}

/** A free TCP port of 127.0.0.1 that only root may bind. */
export function lowPort(): Promise<number> {
  return freeBetween(600, 1023);
}

async function freeBetween(low: number, high: number): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = low + Math.floor(Math.random() * (high - low));
    if (given.has(port) || !take(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found between ${low} and ${high}`);
}

/** Whether the port is this process's from now on, until it ends. */
function take(port: number): boolean {
  mkdirSync(taken, { recursive: true });
  const file = join(taken, String(port));
  try {
    const fd = openSync(file, 'wx');
    writeSync(fd, String(process.pid));
    closeSync(fd);
    return true;
  } catch {
    // Of a process that was killed: free for the next who asks.
    if (existsSync(file) && !isRunning(Number(read(file)))) rmSync(file, { force: true });
    return false;
  }
}

function isRunning(pid: number): boolean {
  return pid === 0 || existsSync(`/proc/${pid}`);
}

/** Ports in state LISTEN (IPv4 and IPv6), read from the kernel: nobody is connected to for it. */
export function listeningPorts(): Set<number> {
  const ports = new Set<number>();
  addListening('/proc/net/tcp', ports);
  if (!/^TCP6: inuse 0$/m.test(read('/proc/net/sockstat6'))) addListening('/proc/net/tcp6', ports);
  return ports;
}

/**
 * Adds the ports of a table. It tells the sockets that listen first, and of a small read no more than one line: the others are not asked
 * for, as the kernel looks through all places of its table for them, which takes it 15 ms.
 */
function addListening(file: string, ports: Set<number>): void {
  if (!existsSync(file)) return;
  const fd = openSync(file, 'r');
  const piece = Buffer.alloc(64);
  try {
    let text = '';
    for (let length = readSync(fd, piece); length > 0; length = readSync(fd, piece)) {
      text += piece.latin1Slice(0, length);
      const end = text.indexOf('\n');
      if (end < 0) continue;
      const [slot, address, , state] = text.slice(0, end).trim().split(/\s+/);
      text = text.slice(end + 1);
      if (slot === 'sl') continue;
      if (state !== '0A') return;
      ports.add(Number.parseInt(address!.split(':').pop()!, 16));
    }
  } finally {
    closeSync(fd);
  }
}

/** True when a unix socket of that path listens. HAProxy listens under a temporary name first and renames it then. */
export function isListening(path: string): boolean {
  if (!existsSync(path)) return false;
  return read('/proc/net/unix')
    .split('\n')
    .some((line) => {
      const words = line.trim().split(/\s+/);
      return words[3] === '00010000' && words[7]?.startsWith(path);
    });
}

function ephemeralStart(): number {
  const start = Number(read('/proc/sys/net/ipv4/ip_local_port_range').split(/\s+/)[0]);
  return start > 14_000 ? start : 32_768;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
