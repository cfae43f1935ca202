/** Signals of a running balancer (management guide, section 4). */
import { url as inspectorUrl } from 'node:inspector';
import type { Origin } from '../change/change.ts';
import type { RunningControl } from '../control/types.ts';
import type { Readiness } from './readiness.ts';

/** Exit status after SIGINT in master-worker mode, as of a process ended by that signal. */
const INTERRUPTED = 130;

/** What SIGUSR1 does now. One handler for the whole life: a signal that is under way when handlers change would be lost. */
let onSoftStop: () => void = endEarly;

/**
 * Until something is served a soft stop is an end. With nobody to take SIGUSR1 Node.js opens its debugger on it: when that has
 * happened already, the signal came before this.
 */
export function endEarlyOnSoftStop(): void {
  const debugged = [...process.execArgv, process.env['NODE_OPTIONS']].some((option) => option?.includes('--inspect'));
  if (inspectorUrl() !== undefined && !debugged) endEarly();
  process.on('SIGUSR1', () => onSoftStop());
}

/** What asks for a reload before this process serves: it is made once it does. */
let askedEarly: string | null = null;
let onReload = (signal: string): void => {
  askedEarly = signal;
};

/** From now on SIGUSR2 and SIGHUP end nobody: the file with the pid may be there before this process can reload. */
export function holdReloads(): void {
  for (const name of ['SIGUSR2', 'SIGHUP'] as const) process.on(name, () => onReload(name));
}

function endEarly(): void {
  process.exit(0);
}

/**
 * SIGTERM and SIGINT stop at once, from the first listening socket on: what was opened and written is cleaned up. Returns what ends the
 * process with a status.
 */
export function endOnSignals(
  control: RunningControl,
  readiness: Readiness,
  master: boolean,
): (status: number) => Promise<void> {
  const end = async (status: number): Promise<void> => {
    await control.close();
    process.exit(status);
  };
  const endNow = (status: number): void => {
    readiness.stopping();
    void end(status);
  };
  process.on('SIGTERM', () => endNow(0));
  process.on('SIGINT', () => endNow(master ? INTERRUPTED : 0));
  return end;
}

/**
 * Takes over the other signals: SIGUSR1 stops softly, SIGUSR2 and SIGHUP reload, SIGQUIT says how much memory is in use. The process ends
 * by `end` when the balancer has stopped, whoever stopped it, and `finish` has answered who has asked before.
 */
export function handleSignals(
  control: RunningControl,
  readiness: Readiness,
  end: (status: number) => Promise<void>,
  finish: () => Promise<void>,
): void {
  let stopping: Promise<void> = Promise.resolve();
  void control.ended.then(async () => {
    await stopping;
    await finish();
    await end(0);
  });
  // The service manager is told nothing of a soft stop: the service may go on in the process that takes over.
  onSoftStop = () => {
    // A thread that is lost meanwhile has nothing left to stop.
    stopping = control.stop(true).catch(() => {});
  };
  onReload = (signal) => void reload(control, readiness, signal);
  // Once the service manager knows that this one is ready.
  if (askedEarly !== null) setImmediate(onReload, askedEarly);
  process.on('SIGQUIT', () => process.stderr.write(memoryText()));
}

async function reload(control: RunningControl, readiness: Readiness, signal: string): Promise<void> {
  const origin: Origin = { surface: 'signal', from: signal, level: 'admin' };
  readiness.reloading();
  const { ok, text } = await control.reload(origin);
  if (text !== '') process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
  readiness.reloaded(ok);
}

function memoryText(): string {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return `Memory in use: ${rss} bytes resident; control thread: heap ${heapUsed} of ${heapTotal}, external ${external}, buffers ${arrayBuffers}.\n`;
}
