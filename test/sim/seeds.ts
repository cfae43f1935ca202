const one = process.env['SLUICE_SIM_SEED'];
const runs = process.env['SLUICE_SIM_SEEDS'];

/** Seeds to run: so many, or as SLUICE_SIM_SEEDS=10000 says; SLUICE_SIM_SEED=7 runs one alone. */
export function seeds(count: number): number[] {
  if (one !== undefined) return [Number(one)];
  return Array.from({ length: Number(runs ?? count) }, (_, i) => i + 1);
}

/** Plays each seed; a failure names the one that failed. */
export async function withSeed(list: readonly number[], play: (seed: number) => Promise<void>): Promise<void> {
  for (const seed of list) {
    try {
      await play(seed);
    } catch (error) {
      throw new Error(`seed ${seed} (SLUICE_SIM_SEED=${seed} repeats it): ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}
