/**
 * `-D` and `daemon`: the process that was started starts the one that stays, relays its messages until that one serves, and ends.
 * The one that stays is in a session of its own; its stdin and stdout are /dev/null and its stderr ends with the relay.
 */
import { spawn } from 'node:child_process';
import { closeSync, readdirSync, readlinkSync, writeSync } from 'node:fs';

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
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio,
    env: { ...process.env, [READY_VARIABLE]: String(channel) },
  });
  return new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`sluice: cannot start the background process: ${error.message}\n`);
      resolve(1);
    });
    child.stderr!.pipe(process.stderr);
    child.stdio[channel]!.once('data', () => resolve(0));
    // 'close' comes after its last message.
    child.once('close', (status) => resolve(status ?? 1));
  });
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
