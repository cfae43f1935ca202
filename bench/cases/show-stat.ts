import { createConnection } from 'node:net';
import { join } from 'node:path';
import { median, type Row } from '../measure.ts';
import { launch, type Running } from '../process.ts';
import { startBalancer } from '../programs.ts';
import type { Bench } from './index.ts';

/** `show stat` over 10,000 servers: how long the answer takes, and the longest wait of a request meanwhile. */
export async function showStat(bench: Bench): Promise<Row[]> {
  const programs = [];
  for (const name of ['sluice', 'haproxy'] as const) {
    programs.push(await startBalancer(name, bench.backend, { servers: 10_000 }));
  }
  const pulses = programs.map(({ http }) => startPulse(http));
  const times: Record<string, number[]> = { sluice: [], haproxy: [] };
  const waits: Record<string, number[]> = { sluice: [], haproxy: [] };
  const quiet: number[] = [];
  try {
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (let round = 0; round < Math.max(5, bench.rounds); round++) {
      for (const [i, program] of programs.entries()) {
        const pulse = pulses[i] as Running;
        await longestWait(pulse);
        await new Promise((resolve) => setTimeout(resolve, 100));
        if (i === 0) quiet.push(await longestWait(pulse));
        const begin = performance.now();
        const bytes = await ask(program.socket, 'show stat\n');
        times[program.name]?.push(performance.now() - begin);
        waits[program.name]?.push(await longestWait(pulse));
        if (bytes < 1_000_000) throw new Error(`${program.name}: show stat gave only ${bytes} bytes`);
      }
    }
  } finally {
    for (const running of [...pulses, ...programs]) await running.stop();
  }
  const figures = { sluice: median(times['sluice'] ?? []), haproxy: median(times['haproxy'] ?? []) };
  const ratio = median((times['sluice'] ?? []).map((ms, i) => ms / (times['haproxy']?.[i] as number)));
  const stalls = { sluice: median(waits['sluice'] ?? []), haproxy: median(waits['haproxy'] ?? []) };
  const note = `${median(quiet).toFixed(1)} ms when nothing else happens`;
  return [
    { case: 'show stat, 10,000 servers', unit: 'ms', figures, value: ratio, of: 'x haproxy', bound: 2 },
    { case: 'longest request meanwhile', unit: 'ms', figures: stalls, value: stalls.sluice, of: 'ms', bound: 20, note },
  ];
}

/** Asks a proxy without a break, one request at a time. */
export function startPulse(port: number): Running {
  return launch('pulse', process.execPath, [join(import.meta.dirname, '../pulse.ts'), String(port)]);
}

/** The longest wait that a pulse has seen since it was last asked, in ms. */
export function longestWait(pulse: Running): Promise<number> {
  return new Promise((resolve) => {
    pulse.child.stdout?.once('data', (bytes: Buffer) => resolve(Number.parseFloat(bytes.toString())));
    pulse.child.kill('SIGUSR2');
  });
}

/** What a pulse waits at most in two seconds in which nothing else happens, as a note. */
export async function quietNote(pulse: Running): Promise<string> {
  await longestWait(pulse);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  return `${(await longestWait(pulse)).toFixed(1)} ms when nothing else happens`;
}

/** Sends a line to the Runtime API; the number of bytes of its answer. */
export function ask(socket: string, line: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const client = createConnection({ path: socket, allowHalfOpen: true });
    client.on('error', reject);
    client.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    client.on('end', () => {
      client.end();
      resolve(bytes);
    });
    client.end(line);
  });
}
