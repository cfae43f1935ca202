/**
 * `-D` and `daemon`: the process that was started starts the one that stays, relays its messages until that one serves, and ends.
 * The one that stays is in a session of its own; its stdin and stdout are /dev/null and its stderr ends with the relay.
 */
import { spawn } from 'node:child_process';
import { closeSync, readdirSync, readlinkSync, writeSync } from 'node:fs';
import { isSea } from 'node:sea';
import type { Readable } from 'node:stream';

/** Tells the process that stays which descriptor to report on. */
const READY_VARIABLE = 'SLUICE_READY_FD';

let readyFd: number | null = null;

/** To be called first of all: whether this process is the one that stays. Takes the variable out of the environment. */
export function adoptDaemon(): void {
  const value = process.env[READY_VARIABLE];
  if (value === undefined) return;
  delete process.env[READY_VARIABLE];
  readyFd = Number(value);
  // Once the process that was started is gone, nobody reads stderr any more.
  process.stderr.on('error', () => {});
}

/** Whether this process is the one that stays. */
export function isDaemon(): boolean {
  return readyFd !== null;
}

/** Tells the process that was started that this one serves; nothing when this is no daemon. */
export function reportReady(): void {
  if (readyFd === null) return;
  writeSync(readyFd, 'ready');
  closeSync(readyFd);
}

/** Starts the process that stays, with the same arguments. Resolves to the exit status of the process that was started. */
export function startDaemon(): Promise<number> {
  const inherited = inheritedSockets();
  const channel = Math.max(2, ...inherited) + 1;
  const stdio: ('ignore' | 'pipe' | number)[] = new Array(channel).fill('ignore');
  stdio[2] = 'pipe';
  for (const fd of inherited) stdio[fd] = fd;
  stdio.push('pipe');
  // The single executable has its flags and its program within.
  const args = isSea() ? process.argv.slice(2) : [...process.execArgv, ...process.argv.slice(1)];
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio,
    env: { ...process.env, [READY_VARIABLE]: String(channel) },
  });
  return new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`sluice: cannot start the background process: ${error.message}\n`);
      resolve(1);
    });
    const relayed = relay(child.stderr!);
    (child.stdio[channel] as Readable).once('data', () => relayed(() => resolve(0)));
    // 'close' comes after its last message.
    child.once('close', (status) => resolve(status ?? 1));
  });
}

/**
 * Copies messages to stderr. The returned function calls back when all that was written so far has been copied: when a turn of the
 * event loop brought nothing more.
 */
function relay(from: Readable): (then: () => void) => void {
  let chunks = 0;
  from.on('data', (chunk: Buffer) => {
    chunks += 1;
    process.stderr.write(chunk);
  });
  const settle = (then: () => void, seen: number): void => {
    if (seen === chunks) then();
    else setImmediate(settle, then, chunks);
  };
  return (then) => settle(then, -1);
}

/** Descriptors from 3 on that are sockets: handed to this process by whoever started it (`fd@N`, socket activation). */
function inheritedSockets(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && isSocket(fd));
}

function isSocket(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
  } catch {
    return false; // The descriptor of the listing itself.
  }
}
