import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Row } from '../measure.ts';
import { cpuTimeOfChildren } from '../process.ts';
import { folder, type Proxy, sluice, startBalancer } from '../programs.ts';
import type { Bench } from './index.ts';

/** How often each command is run. */
const RUNS = 20;
/** CPU time of a command from its start to its end, ms. */
const BOUND = 120;

/** CPU time, user and system, of short commands from the shell that finds Node.js to their end. */
export async function commandStart(bench: Bench): Promise<Row[]> {
  const balancers: Proxy[] = [];
  try {
    for (const name of ['haproxy', 'sluice'] as const)
      balancers.push(await startBalancer(name, bench.backend, { spare: true }));
    const rows = [row('sluice --version', ['--version'])];
    for (const { name, socket } of balancers)
      for (const words of [['status'], ['drain', 'app/app', '--dry-run']])
        rows.push(row(`sluice ${words[0]}, ${name}`, [...words, '--target', socket]));
    return rows;
  } finally {
    for (const balancer of balancers) await balancer.stop();
  }
}

function row(name: string, words: readonly string[]): Row {
  const value = cpuOf(words);
  return { case: name, unit: 'ms of CPU', figures: { sluice: value }, value, of: 'ms', bound: BOUND };
}

/** CPU time of one run in the mean, ms: the kernel counts in steps of 10 ms, all runs together. */
function cpuOf(words: readonly string[]): number {
  const env = { ...process.env, STATE_DIRECTORY: join(folder, 'state') };
  const before = cpuTimeOfChildren();
  for (let run = 0; run < RUNS; run++) {
    const { status, stderr } = spawnSync(sluice, words, { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`sluice ${words.join(' ')}: ${stderr}`);
  }
  return (cpuTimeOfChildren() - before) / RUNS;
}
