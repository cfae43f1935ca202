import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Listener } from './handshake.ts';

/** Most addresses that are looked at. */
const MOST = 64;

/**
 * The TCP addresses that a process of this machine listens on, from /proc (proc(5): net/tcp, fd). None where that cannot be read: another
 * machine, another account.
 */
export function listenersOf(pid: number): readonly Listener[] {
  try {
    const inodes = new Set(
      readdirSync(`/proc/${pid}/fd`).flatMap(
        (fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
      ),
    );
    const all = ['tcp', 'tcp6'].flatMap((table) => rows(`/proc/${pid}/net/${table}`));
    const found = all
      .filter(({ state, inode }) => state === LISTEN && inodes.has(inode))
      .map(({ listener }) => listener);
    return [...new Map(found.map((listener) => [`${listener.host} ${listener.port}`, listener])).values()].slice(
      0,
      MOST,
    );
  } catch {
    return [];
  }
}

const LISTEN = '0A';

function rows(path: string): { listener: Listener; state: string; inode: string }[] {
  const [, ...lines] = readFileSync(path, 'latin1').trimEnd().split('\n');
  return lines.map((line) => {
    const words = line.trim().split(/\s+/);
    const [address, port] = words[1]!.split(':') as [string, string];
    return { listener: { host: hostOf(address), port: Number.parseInt(port, 16) }, state: words[3]!, inode: words[9]! };
  });
}

/** An address in hex, in words of 4 bytes with the least one first, as it is reached from here: all addresses are the loopback one. */
function hostOf(hex: string): string {
  if (/^0+$/.test(hex)) return hex.length === 8 ? '127.0.0.1' : '::1';
  const bytes = [...Buffer.from(hex, 'hex')];
  const ordered = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.slice(i * 4, i * 4 + 4).reverse()).flat();
  if (ordered.length === 4) return ordered.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((ordered[i * 2]! << 8) | ordered[i * 2 + 1]!).toString(16));
  return groups.join(':');
}
