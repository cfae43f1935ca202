import { connect } from '../../src/client/index.ts';
import { stateOf } from '../../src/ops/state.ts';
import { median, type Row } from '../measure.ts';
import { startBalancer } from '../programs.ts';
import type { Bench } from './index.ts';

/** Reading the whole state of a balancer with 1,000 servers over its socket, as every page of a status does. */
export async function readingState(bench: Bench): Promise<Row[]> {
  const programs = [];
  for (const name of ['sluice', 'haproxy'] as const) {
    programs.push(await startBalancer(name, bench.backend, { servers: 1000 }));
  }
  const times: Record<string, number[]> = { sluice: [], haproxy: [] };
  try {
    for (let round = 0; round < Math.max(5, bench.rounds) * 2; round++) {
      for (const program of programs) {
        const begin = performance.now();
        await read(program.socket);
        times[program.name]?.push(performance.now() - begin);
      }
    }
  } finally {
    for (const program of programs) await program.stop();
  }
  const figures = { sluice: median(times['sluice'] ?? []), haproxy: median(times['haproxy'] ?? []) };
  return [{ case: 'state of 1,000 servers', unit: 'ms', figures, value: figures.haproxy, of: 'ms haproxy', bound: 50 }];
}

async function read(path: string): Promise<void> {
  const client = await connect(path);
  const commands = [
    ['show', 'info'],
    ['show', 'stat'],
    ['show', 'servers', 'state'],
  ];
  const [info, stat, servers] = await Promise.all(commands.map((words) => client.command(words)));
  client.close();
  const { backends } = stateOf(info!.text, stat!.text, servers!.text);
  const count = backends.reduce((sum, backend) => sum + backend.servers.length, 0);
  if (count < 1000) throw new Error(`only ${count} servers were told`);
}
