import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { payloads } from '../../src/change/remote/patterns.ts';
import { median, type Row } from '../measure.ts';
import { memory } from '../process.ts';
import { folder, startBalancer } from '../programs.ts';
import type { Bench } from './index.ts';
import { converse } from './map-import.ts';
import { longestWait, quietNote, startPulse } from './show-stat.ts';

const ENTRIES = 1_000_000;
const PAYLOAD = 15_000;

/** Keys of 20 bytes, each with a value. */
const line = (i: number) => `host-${String(i).padStart(9, '0')}.ex.io backend-${i % 100}`;

/** What is done with a whole map, in turn. */
const STEPS = ['add map', 'clear map', 'prepare, add, commit'] as const;

/** A map of 1,000,000 entries: filled, emptied and replaced over the socket, what requests wait meanwhile, and the memory of an entry. */
export async function liveMap(bench: Bench): Promise<Row[]> {
  const map = join(folder, 'live.map');
  const lookUp = `    http-request set-header X-Found %[hdr(host),map(${map},none)]`;
  const bytes = await bytesPerEntry(bench, map, lookUp);
  const programs = [];
  for (const name of ['sluice', 'haproxy'] as const)
    programs.push(await startBalancer(name, bench.backend, { rules: lookUp }));
  const pulses = programs.map(({ http }) => startPulse(http));
  const times = new Map<string, number[]>();
  const waits = new Map<string, number[]>();
  let note = '';
  try {
    await new Promise((resolve) => setTimeout(resolve, 500));
    note = await quietNote(pulses[0]!);
    for (let round = 0; round < (bench.quick ? 2 : 5); round++) {
      for (const [i, { name, socket }] of programs.entries()) {
        for (const step of STEPS) {
          const text = textOf(step, map, round + 1);
          await longestWait(pulses[i]!);
          const begin = performance.now();
          await converse(socket, text.commands, text.count);
          push(times, `${name} ${step}`, performance.now() - begin);
          push(waits, `${name} ${step}`, await longestWait(pulses[i]!));
        }
        await converse(socket, `clear map ${map}\n`, 1);
      }
    }
  } finally {
    for (const running of [...pulses, ...programs]) await running.stop();
  }
  return [...STEPS.flatMap((step) => rowsOf(step, times, waits, note)), bytes];
}

/** Commands of a step. `version`: the one that is prepared. */
function textOf(step: (typeof STEPS)[number], map: string, version: number): { commands: string; count: number } {
  if (step === 'clear map') return { commands: `clear map ${map}\n`, count: 1 };
  const lines = (function* () {
    for (let i = 0; i < ENTRIES; i++) yield line(i);
  })();
  const adds: string[] = [];
  const at = step === 'add map' ? '' : `@${version} `;
  for (const payload of payloads(lines, PAYLOAD)) adds.push(`add map ${at}${map} <<\n${payload}\n\n`);
  if (at === '') return { commands: adds.join(''), count: adds.length };
  const commands = `prepare map ${map}\n${adds.join('')}commit map ${at}${map}\n`;
  return { commands, count: adds.length + 2 };
}

function push(lists: Map<string, number[]>, name: string, value: number): void {
  lists.set(name, [...(lists.get(name) ?? []), value]);
}

function rowsOf(step: string, times: Map<string, number[]>, waits: Map<string, number[]>, note: string): Row[] {
  const of = (lists: Map<string, number[]>) => ({
    sluice: median(lists.get(`sluice ${step}`)!),
    haproxy: median(lists.get(`haproxy ${step}`)!),
  });
  const ratio = median(times.get(`sluice ${step}`)!.map((ms, i) => ms / times.get(`haproxy ${step}`)![i]!));
  const name = `${step}, 1,000,000 entries`;
  const stall = of(waits);
  return [
    { case: name, unit: 'ms', figures: of(times), value: ratio, of: 'x haproxy', bound: 1 },
    { case: `${name}: longest request`, unit: 'ms', figures: stall, value: stall.sluice, of: 'ms', bound: 20, note },
  ];
}

/** Memory that each entry of a file adds to a process of two threads. */
async function bytesPerEntry(bench: Bench, map: string, lookUp: string): Promise<Row> {
  const figures: Record<string, number> = {};
  for (const name of ['sluice', 'haproxy'] as const) {
    const sizes: number[] = [];
    for (const entries of [0, ENTRIES]) {
      writeFileSync(map, Array.from({ length: entries }, (_, i) => `${line(i)}\n`).join(''));
      const program = await startBalancer(name, bench.backend, { rules: lookUp, threads: 2 });
      sizes.push(memory(program.pid));
      await program.stop();
    }
    figures[name] = ((sizes[1]! - sizes[0]!) * 1024) / ENTRIES;
  }
  writeFileSync(map, '');
  const value = figures['sluice']! / figures['haproxy']!;
  return { case: 'memory of a map entry', unit: 'bytes', figures, value, of: 'x haproxy', bound: 0.5 };
}
