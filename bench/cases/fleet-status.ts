import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median, type Row } from '../measure.ts';
import { folder, type Proxy, sluice, startBalancer } from '../programs.ts';
import type { Bench } from './index.ts';

const TARGETS = 20;
const SERVERS = 1000;

/** The time of `sluice status` on a group of HAProxys, as a shell sees it: from the start of the command to its end. */
export async function fleetStatus(bench: Bench): Promise<Row[]> {
  const balancers: Proxy[] = [];
  try {
    for (let i = 0; i < TARGETS; i++)
      balancers.push(await startBalancer('haproxy', bench.backend, { servers: SERVERS }));
    const targets = balancers.map(({ socket }, i) => [`lb${i}`, { address: socket, groups: ['all'] }]);
    const file = join(folder, 'targets.json');
    writeFileSync(file, JSON.stringify(Object.fromEntries(targets)));
    const env = { ...process.env, SLUICE_TARGETS: file, STATE_DIRECTORY: join(folder, 'state') };
    const rows: Row[] = [];
    for (const [form, words, bound] of [
      ['text', [], 1000],
      ['JSON', ['--json'], undefined],
    ] as const) {
      const times: number[] = [];
      for (let round = 0; round < Math.max(5, bench.rounds); round++) times.push(status([...words], env));
      const value = median(times);
      const name = `status of ${TARGETS} x ${SERVERS} servers, ${form}`;
      const row = { case: name, unit: 'ms', figures: { sluice: value }, value, of: 'ms' };
      rows.push(bound === undefined ? row : { ...row, bound });
    }
    return rows;
  } finally {
    for (const balancer of balancers) await balancer.stop();
  }
}

/** Runs it once. Returns ms; throws when not all servers are told. */
function status(words: readonly string[], env: NodeJS.ProcessEnv): number {
  const begin = performance.now();
  const { stdout, stderr } = spawnSync(sluice, ['status', '--target', 'all', ...words], {
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const time = performance.now() - begin;
  if (stdout.split('\n').length < TARGETS * SERVERS) throw new Error(`not all servers were told: ${stderr}`);
  return time;
}
