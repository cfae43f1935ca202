import { readFileSync, writeFileSync } from 'node:fs';
import { type Load, wrk } from '../load.ts';
import type { Row } from '../measure.ts';
import { type Proxy, startBalancer } from '../programs.ts';
import type { Bench } from './index.ts';
import { ask } from './show-stat.ts';

/** Reloads under load; each one changes the file (a backend comes or goes), so that there is work to do. */
export async function lostInReloads(bench: Bench): Promise<Row[]> {
  const times = bench.quick ? 20 : 100;
  // HAProxy reloads only with a master process.
  const args = { sluice: ['-db'], haproxy: ['-W', '-db'] };
  return losses(bench, `lost in ${times} reloads`, args, times, async (program, i) => {
    const text = readFileSync(program.file, 'utf8').split('\nbackend extra')[0];
    writeFileSync(program.file, i % 2 ? text : `${text}\nbackend extra\n    server e 127.0.0.1:1\n`);
    program.child.kill('SIGUSR2');
    await pause(100);
  });
}

/** A server is drained and made ready again under load, while another one carries the traffic. */
export async function lostInDrains(bench: Bench): Promise<Row[]> {
  const times = bench.quick ? 20 : 100;
  const args = { sluice: ['-db'], haproxy: ['-db'] };
  return losses(bench, `lost in ${times} drain/ready cycles`, args, times, async (program) => {
    for (const state of ['drain', 'ready']) {
      await ask(program.socket, `set server app/app state ${state}\n`);
      await pause(30);
    }
  });
}

/** Puts keep-alive and new-connection load on a program while `disturb` is called `times` times. */
async function losses(
  bench: Bench,
  name: string,
  args: Record<'sluice' | 'haproxy', string[]>,
  times: number,
  disturb: (program: Proxy, i: number) => Promise<void>,
): Promise<Row[]> {
  const figures: Record<string, number> = {};
  const notes: string[] = [];
  for (const which of ['sluice', 'haproxy'] as const) {
    const program = await startBalancer(which, bench.backend, { spare: true, args: args[which] });
    try {
      const loads: Load[] = [];
      let done = false;
      const keepLoading = async (close: boolean): Promise<void> => {
        while (!done)
          loads.push(await wrk(`http://127.0.0.1:${program.http}/`, { connections: 16, seconds: 1, close }));
      };
      const loading = Promise.all([keepLoading(false), keepLoading(true)]);
      for (let i = 0; i < times; i++) await disturb(program, i);
      done = true;
      await loading;
      figures[which] = loads.reduce((sum, load) => sum + load.errors, 0);
      const requests = loads.reduce((sum, load) => sum + load.requests, 0);
      const first = loads.find(({ detail }) => detail !== '')?.detail;
      notes.push(`${which}: ${requests} requests${first ? `, at first ${first}` : ''}`);
    } finally {
      await program.stop();
    }
  }
  const value = figures['sluice'] as number;
  return [{ case: name, unit: 'requests', figures, value, of: 'requests', bound: 0, note: notes.join('; ') }];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
