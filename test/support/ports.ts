import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const given = new Set<number>();

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
    if (!given.has(port) && (await isFree(port))) {
      given.add(port);
      return port;
    }
  }
  throw new Error(`no free port found between ${low} and ${high}`);
}

/** Ports in state LISTEN (IPv4 and IPv6), read from the kernel: nobody is connected to for it. */
export function listeningPorts(): Set<number> {
  const ports = new Set<number>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of read(file).split('\n')) {
      const words = line.trim().split(/\s+/);
      if (words[3] === '0A') ports.add(Number.parseInt((words[1] as string).split(':').pop() as string, 16));
    }
  }
  return ports;
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
