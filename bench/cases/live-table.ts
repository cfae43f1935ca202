import { once } from 'node:events';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { median, type Row } from '../measure.ts';
import { memory } from '../process.ts';
import { type Proxy, startBalancer } from '../programs.ts';
import { type Updates, updatePlan } from '../table-updates.ts';
import type { Bench } from './index.ts';
import { ask, longestWait, quietNote, startPulse } from './show-stat.ts';

const ENTRIES = 1_000_000;
/** HAProxy 3.4 lists them in 16 s on such a machine, ms. */
const HALF_OF_3_4 = 8000;
/** Requests before memory is looked at. */
const WARM = 300_000;
/** Requests that are sent at once on a connection. */
const BATCH = 100;

/** A stick table of 1,000,000 entries, filled by requests: memory of an entry, and its listing with what requests wait meanwhile. */
export async function liveTable(bench: Bench): Promise<Row[]> {
  const rules =
    '    http-request track-sc0 hdr(x-client) table clients\n    http-request return status 200 if { path /track }';
  const store = 'conn_rate(10s),http_req_rate(10s),conn_cnt,http_req_cnt';
  const more = `backend clients\n    stick-table type ip size 1100000 expire 1h store ${store}`;
  const [bytes, times, stalls]: Record<string, number>[] = [{}, {}, {}];
  let note = '';
  for (const name of ['sluice', 'haproxy'] as const) {
    const program = await startBalancer(name, bench.backend, { rules, more, threads: 2 });
    const pulse = startPulse(program.http);
    try {
      // What requests cost by themselves belongs to the process, not to an entry.
      await fill(program, 0, WARM, 1000);
      await new Promise((resolve) => setTimeout(resolve, 500));
      const before = memory(program.pid);
      await fill(program, 1000, ENTRIES, ENTRIES);
      bytes![name] = ((memory(program.pid) - before) * 1024) / (ENTRIES - 1000);
      if (name === 'sluice') note = await quietNote(pulse);
      const rounds: [number, number][] = [];
      for (let round = 0; round < (bench.quick ? 1 : 3); round++) {
        await longestWait(pulse);
        const begin = performance.now();
        const size = await ask(program.socket, 'show table clients\n');
        rounds.push([performance.now() - begin, await longestWait(pulse)]);
        if (size < 50 * ENTRIES) throw new Error(`${name}: show table gave only ${size} bytes`);
      }
      times![name] = median(rounds.map(([time]) => time));
      stalls![name] = median(rounds.map(([, stall]) => stall));
    } finally {
      await pulse.stop();
      await program.stop();
    }
  }
  const ratio = (figures: Record<string, number>) => figures['sluice']! / figures['haproxy']!;
  const title = 'show table, 1,000,000 entries';
  const meanwhile = `${title}: longest request`;
  const told = 'the bound is half of what HAProxy 3.4 takes; Debian has 2.6, which is much faster';
  return [
    {
      case: 'memory of a table entry',
      unit: 'bytes',
      figures: bytes!,
      value: ratio(bytes!),
      of: 'x haproxy',
      bound: 0.8,
    },
    { case: title, unit: 'ms', figures: times!, value: times!['sluice']!, of: 'ms', bound: HALF_OF_3_4, note: told },
    { case: meanwhile, unit: 'ms', figures: stalls!, value: stalls!['sluice']!, of: 'ms', bound: 20, note },
  ];
}

/** Requests that name one of `clients` clients each, over four connections. */
async function fill({ http }: Proxy, from: number, to: number, clients: number): Promise<void> {
  let next = from;
  const address = (n: number) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
  const one = async (): Promise<void> => {
    const socket = createConnection(http, '127.0.0.1');
    let left = 0;
    const done = new Promise<void>((resolve, reject) => {
      const send = (): void => {
        if (next >= to) return void socket.end(() => resolve());
        let text = '';
        for (; left < BATCH && next < to; left++, next++)
          text += `GET /track HTTP/1.1\r\nHost: b\r\nX-Client: ${address(next % clients)}\r\n\r\n`;
        socket.write(text);
      };
      socket.on('error', reject);
      socket.on('connect', send);
      socket.on('data', (bytes: Buffer) => {
        left -= bytes.latin1Slice().split('HTTP/1.1 200').length - 1;
        if (left === 0) send();
      });
    });
    await done;
    socket.destroy();
  };
  await Promise.all([one(), one(), one(), one()]);
}

/** Updates of one table by two threads, 1,000,000 keys by Zipf's law: each counts in two counters and two rates. */
export async function tableUpdates(bench: Bench): Promise<Row[]> {
  const costs: number[] = [];
  for (let round = 0; round < (bench.quick ? 2 : 5); round++) {
    const plan = updatePlan();
    const workers = [1, 2].map(
      (owner) => new Worker(join(import.meta.dirname, '../table-updates.ts'), { workerData: { ...plan, owner } }),
    );
    const results = (await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))) as Updates[];
    costs.push(...results.map(({ cpu, updates }) => (cpu * 1e6) / updates));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  const value = median(costs);
  return [
    {
      case: 'table updates, 2 threads, Zipf',
      unit: 'ns',
      figures: { sluice: value },
      value,
      of: 'ns of CPU each',
      bound: 1000,
    },
  ];
}
