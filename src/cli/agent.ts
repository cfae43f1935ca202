/** `sluice agent`: looks after HAProxys, so that what was set on them lasts, and ends in time. */

import { runAgent } from '../ops/agent/agent.ts';
import { type AgentEvent, agentLine } from '../ops/agent/events.ts';
import { durationKind } from '../ops/kinds.ts';
import { runnerStateDir } from '../ops/targets/open-haproxy.ts';
import { shown } from '../util/shown.ts';
import { usageOf } from './sub-commands.ts';
import { UsageError } from './usage-error.ts';

const EVERY_MS = 2000;
/** How often one may look, ms. */
const LEAST_MS = 100;

interface Options {
  readonly targets: string[];
  stateDir: string;
  every: number;
  json: boolean;
}

/** Runs until SIGTERM or SIGINT. Resolves to 0, or to 1 when a target cannot be looked after at all. */
export async function agent(args: readonly string[]): Promise<number> {
  const { targets, stateDir, every, json } = readOptions(args);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  const emit = (event: AgentEvent) => {
    const line = json ? JSON.stringify({ date: new Date().toISOString(), ...event }) : shown(agentLine(event));
    process.stdout.write(`${line}\n`);
  };
  const ends = await Promise.allSettled(
    targets.map((target) => runAgent({ target, stateDir, every, emit, signal: stop.signal })),
  );
  const failed = ends.filter((end) => end.status === 'rejected');
  for (const { reason } of failed) process.stderr.write(`sluice: ${shown((reason as Error).message)}\n`);
  return failed.length > 0 ? 1 : 0;
}

function readOptions(args: readonly string[]): Options {
  const options: Options = { targets: [], stateDir: runnerStateDir(), every: EVERY_MS, json: false };
  for (let i = 0; i < args.length; i++) {
    const flag = args[i]!;
    if (flag === '--json') {
      options.json = true;
      continue;
    }
    const value = args[++i];
    if (value === undefined || !['--target', '--state-dir', '--every'].includes(flag))
      throw new UsageError(usageOf('agent'));
    if (flag === '--target') options.targets.push(value);
    else if (flag === '--state-dir') options.stateDir = value;
    else options.every = interval(value);
  }
  const fromEnvironment = process.env['SLUICE_TARGET'];
  if (options.targets.length === 0 && fromEnvironment !== undefined) options.targets.push(fromEnvironment);
  if (options.targets.length === 0) throw new UsageError(usageOf('agent'));
  return options;
}

function interval(text: string): number {
  let ms = 0;
  try {
    ms = durationKind.parse(text);
  } catch {
    // Told below.
  }
  if (ms < LEAST_MS) throw new UsageError(`--every expects a time of at least ${LEAST_MS}ms, like 2s, not '${text}'`);
  return ms;
}
