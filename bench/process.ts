import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process of the bench: a program under load, a backend, a load generator. */
export interface Running {
  name: string;
  pid: number;
  child: ChildProcess;
  /** Everything it wrote, for messages. */
  output(): string;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a process that is ended at the latest with the bench. */
export function launch(name: string, command: string, args: string[], env: Record<string, string> = {}): Running {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      running.delete(child);
      resolve();
    });
    child.once('error', () => resolve());
  });
  return {
    name,
    pid: child.pid ?? -1,
    child,
    output: () => text,
    stop: async () => {
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), 3000);
      await ended;
      clearTimeout(hard);
    },
  };
}

/** Runs a command to its end and returns what it printed on stdout. */
export async function output(command: string, args: string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const chunks: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => chunks.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => errors.push(bytes));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  running.delete(child);
  const text = Buffer.concat(chunks).toString();
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${text}${Buffer.concat(errors).toString()}`);
  return text;
}

const ticksPerSecond = 100; // USER_HZ, the unit of /proc/PID/stat on Linux

/** User and system time that a process has used, all threads, in ms (proc(5): fields 14 and 15 of stat). */
export function cpuTime(pid: number): number {
  return ticksOf(pid, 11);
}

/** User and system time that the children of this process that have ended have used, in ms (fields 16 and 17). */
export function cpuTimeOfChildren(): number {
  return ticksOf('self', 13);
}

/** Two fields of /proc/PID/stat behind the name, the first one counted from 0, in ms. */
function ticksOf(pid: number | 'self', first: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[first]) + Number(fields[first + 1])) * 1000) / ticksPerSecond;
}

/** Resident memory of a process in kB. */
export function memory(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}

/** Number of threads of a process. */
export function threads(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}
