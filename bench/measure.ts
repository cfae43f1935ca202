import type { Load } from './load.ts';
import { cpuTime, type Running } from './process.ts';

/** One line of the table. Numbers are medians over the rounds. */
export interface Row {
  case: string;
  unit: string;
  /** Figure of each program, by name. */
  figures: Record<string, number>;
  /** Compared by the bound; for ratios the median of the ratios of each round. */
  value: number;
  /** How `value` is to be read: `x haproxy`, `kB`, ... */
  of: string;
  /** The most that `value` may be; none when the case only informs. */
  bound?: number;
  note?: string;
}

export function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/**
 * Puts the same load on each program in turn, `rounds` times (A B C A B C ...), and returns what each one used in each
 * round: ms of CPU over `per(load)`.
 */
export async function compare<P extends Running>(
  programs: P[],
  rounds: number,
  load: (program: P) => Promise<Load>,
  per: (load: Load) => number,
): Promise<Map<string, number[]>> {
  const used = new Map<string, number[]>(programs.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const program of programs) {
      const before = cpuTime(program.pid);
      const done = await load(program);
      const cost = (cpuTime(program.pid) - before) / per(done);
      if (done.errors > done.requests / 1000) throw new Error(`${program.name}: ${done.errors} errors: ${done.detail}`);
      used.get(program.name)?.push(cost);
    }
  }
  return used;
}

/** Rows that compare `subject` with each of `bounds`, from what `compare` returned. */
export function ratios(
  name: string,
  unit: string,
  scale: number,
  used: Map<string, number[]>,
  subject: string,
  bounds: Record<string, number | undefined>,
): Row[] {
  const figures: Record<string, number> = {};
  for (const [program, values] of used) figures[program] = median(values) * scale;
  const own = used.get(subject) ?? [];
  return Object.entries(bounds)
    .filter(([other]) => used.has(other))
    .map(([other, bound]) => {
      const theirs = used.get(other) ?? [];
      const value = median(own.map((cost, i) => cost / (theirs[i] as number)));
      return { case: name, unit, figures, value, of: `x ${other}`, ...(bound === undefined ? {} : { bound }) };
    });
}
