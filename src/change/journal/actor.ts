import { readFileSync } from 'node:fs';
import { userName } from '../../util/accounts.ts';
import { libcProblem, peerCredentials } from '../../util/libc.ts';
import type { Actor } from '../change.ts';

/** Longest account name that is believed, characters. */
const MAX_NAME = 256;

/** Of a process that nobody logged in for: -1. */
const NOT_SET = '4294967295';

/** The process at the other end of a unix socket, as it was when it connected. */
export interface Peer {
  readonly uid: number;
  /** 0 when it is none of those that we can see (another container). */
  readonly pid: number;
  /** When a process of root began, in ticks since the machine started: tells it from a later one with its number. */
  readonly started: string | null;
}

/** Who is at the other end of a connected unix socket; null where the system does not tell. One system call, but for root. */
export function peerOf(fd: number): Peer | null {
  if (fd < 0 || libcProblem() !== null) return null;
  try {
    const { uid, pid } = peerCredentials(fd);
    return { uid, pid, started: uid === 0 && pid > 0 ? startOf(pid) : null };
  } catch {
    return null;
  }
}

/** The actor that a peer is: its account and, for root, who became it by sudo, when the process is still the one that connected. */
export function peerActor({ uid, pid, started }: Peer): Actor {
  const sudoUser = started === null ? null : sudoUserOf(pid);
  const isTheSame = started !== null && startOf(pid) === started;
  return { name: accountName(uid), uid, pid: pid > 0 ? pid : null, sudoUser: isTheSame ? sudoUser : null };
}

function accountName(uid: number): string {
  return userName(uid) ?? `uid ${uid}`;
}

/**
 * SUDO_USER of the environment that a process was started with; where that cannot be read (we are not root), the account that it was
 * logged in with, which the kernel keeps for its audit (proc(5), loginuid).
 */
function sudoUserOf(pid: number): string | null {
  const found = readProc(pid, 'environ')
    .split('\0')
    .find((one) => one.startsWith('SUDO_USER='));
  if (found !== undefined) return found.slice('SUDO_USER='.length).slice(0, MAX_NAME) || null;
  const login = readProc(pid, 'loginuid').trim();
  return /^[1-9]\d*$/.test(login) && login !== NOT_SET ? accountName(Number(login)) : null;
}

/** Field 22 of /proc/PID/stat (proc(5)); the second may hold spaces and parentheses. */
function startOf(pid: number): string | null {
  const text = readProc(pid, 'stat');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
