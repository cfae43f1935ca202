import type { Run } from './program.ts';
import { until } from './wait.ts';

/** Waits until `show table` of a key tells this, as long as peers may take to teach it. */
export async function tableTells(run: Run, table: string, key: string, wanted: RegExp): Promise<void> {
  let last = '';
  await until(
    () => `${wanted} of ${key} in ${table}; it has '${last}'`,
    async () => {
      last = await run.cli(`show table ${table} key ${key}`);
      return wanted.test(last);
    },
    { every: 50, ms: 20_000 },
  );
}
