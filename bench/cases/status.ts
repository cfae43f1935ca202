import { connect } from '../../src/client/index.ts';
import { stateOf } from '../../src/ops/state.ts';
import { median, type Row } from '../measure.ts';
import { startBalancer } from '../programs.ts';
import type { Bench } from './index.ts';

const TARGETS = 20;
const SERVERS = 1000;

/** Reading the whole state of a balancer with 1,000 servers over its socket, as every page of a status does; and of 20 such at once. */
export async function readingState(bench: Bench): Promise<Row[]> {
  const programs = [];
  for (const name of ['sluice', 'haproxy'] as const) {
    programs.push(await startBalancer(name, bench.backend, { servers: SERVERS }));
  }
  const one: Record<string, number[]> = { sluice: [], haproxy: [] };
  const many: Record<string, number[]> = { sluice: [], haproxy: [] };
  try {
    for (let round = 0; round < Math.max(5, bench.rounds); round++) {
      for (const { name, socket } of programs) {
        one[name]?.push(await timed(() => read(socket)));
        // One process stands for all of them, so this is the worst case: it has one thread, and places for 10 clients.
        many[name]?.push(await timed(() => Promise.all(Array.from({ length: 5 }, () => several(socket, TARGETS / 5)))));
      }
    }
  } finally {
    for (const program of programs) await program.stop();
  }
  const figures = (times: typeof one) => ({
    sluice: median(times['sluice'] ?? []),
    haproxy: median(times['haproxy'] ?? []),
  });
  const rows = {
    [`state of ${SERVERS} servers`]: [figures(one), 50],
    [`${TARGETS} of them at once`]: [figures(many), 1000],
  } as const;
  return Object.entries(rows).map(([name, [both, bound]]) => {
    return { case: name, unit: 'ms', figures: both, value: both.haproxy, of: 'ms haproxy', bound };
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

async function several(path: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await read(path);
}

async function read(path: string): Promise<void> {
  const client = await connect(path);
  const words = [
    ['show', 'info'],
    ['show', 'stat'],
    ['show', 'servers', 'state'],
  ];
  const [info, stat, servers] = await Promise.all(words.map((command) => client.run(command)));
  client.close();
  const { backends } = stateOf(info!, stat!, servers!);
  const count = backends.reduce((sum, backend) => sum + backend.servers.length, 0);
  if (count < SERVERS) throw new Error(`only ${count} servers were told`);
}
