/** Plays the example of each operation on Sluice and on the installed HAProxy and writes what they tell: test/ops/examples/told.json. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Played, type Product, play } from '../test/ops/examples/play.ts';

const file = join(import.meta.dirname, '../test/ops/examples/told.json');
const all: Partial<Record<Product, Played>> = {};
for (const product of ['sluice', 'haproxy'] as const) {
  const ends: (() => unknown)[] = [];
  try {
    all[product] = await play({ after: (end) => ends.push(end) }, product);
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}
writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
