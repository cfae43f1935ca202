import { createConnection, type Socket } from 'node:net';
import { median, type Row } from '../measure.ts';
import { memory, type Running } from '../process.ts';
import { startBalancer } from '../programs.ts';
import type { Bench } from './index.ts';

/** Resident memory that each of many idle keep-alive connections adds. */
export async function idleConnections(bench: Bench): Promise<Row[]> {
  const many = 2000;
  const figures: Record<string, number> = {};
  for (const name of ['sluice', 'haproxy'] as const) {
    const program = await startBalancer(name, bench.backend);
    const sockets: Socket[] = [];
    try {
      // What the first connections cost (buffers, compiled code) belongs to the process, not to a connection.
      await open(sockets, program.http, 200);
      const before = memory(program.pid);
      await open(sockets, program.http, many);
      figures[name] = (memory(program.pid) - before) / many;
    } finally {
      for (const socket of sockets) socket.destroy();
      await program.stop();
    }
  }
  const value = figures['sluice'] as number;
  return [{ case: 'idle keep-alive connection', unit: 'kB', figures, value, of: 'kB', bound: 12 }];
}

/** Opens `n` connections, each with one request answered. */
async function open(sockets: Socket[], port: number, n: number): Promise<void> {
  for (let i = 0; i < n; i += 50)
    await Promise.all(Array.from({ length: 50 }, () => idle(port).then((s) => sockets.push(s))));
}

function idle(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('connect', () => socket.write('GET / HTTP/1.1\r\nHost: bench\r\n\r\n'));
    socket.once('data', () => resolve(socket));
  });
}

/** Time from `exec` to the first answer, with few servers and with 10,000. */
export async function startTime(bench: Bench): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [servers, bound] of [
    [0, 500],
    [10_000, 3000],
  ] as const) {
    const times: Record<string, number[]> = { sluice: [], haproxy: [] };
    for (let round = 0; round < bench.rounds; round++) {
      for (const name of ['sluice', 'haproxy'] as const) {
        const begin = performance.now();
        const program: Running = await startBalancer(name, bench.backend, { servers });
        times[name]?.push(performance.now() - begin);
        await program.stop();
      }
    }
    const figures = { sluice: median(times['sluice'] ?? []), haproxy: median(times['haproxy'] ?? []) };
    const name = servers ? 'start with 10,000 servers' : 'start';
    rows.push({ case: name, unit: 'ms', figures, value: figures.sluice, of: 'ms', bound });
  }
  return rows;
}
